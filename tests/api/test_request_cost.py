"""Bodies as large as they may be: their processor time grows no faster than their size."""

from __future__ import annotations

import json
from functools import partial
from itertools import product

import pytest

from gateway.web.api.parsing import FORM, JSON, MAX_FAULTS
from gateway.web.api.routes import operations
from gateway.web.api.views import ApiViews
from tests.support.cpu_growth import FILLS, assert_linear, filled

BODIES = {
    kind.path: (kind.asks, kind.asked_as) for kind in operations(ApiViews.__new__(ApiViews)) if kind.asks is not None
}
"""What each operation is sent, and as which media type."""
RIGHT = {"birth_date": "1985-03-27"}


@pytest.fixture
def api_client(open_api_client):
    wide = dict.fromkeys(("per_login", "per_person", "per_service", "overall"), "1000000/minute")
    return open_api_client(client={"rate": "1000000/minute"}, rate_limits=wide)


def post(api_client, path, body, media_type):
    return api_client.post(path, data=body, content_type=media_type).status_code


def others_of(path, name):
    model, _ = BODIES[path]
    return {other: RIGHT.get(other, "Abc-1234") for other in model.model_fields if other != name}


class TestMember:
    @pytest.mark.parametrize("path", BODIES)
    def test_when_it_is_as_large_as_a_body_then_its_time_grows_no_faster(self, api_client, path):
        model, media_type = BODIES[path]

        def work(size, name, unit):
            value = filled(unit, size)
            if media_type == FORM:
                body = "&".join(f"{key}={text}" for key, text in {**others_of(path, name), name: value}.items())
            else:
                body = json.dumps({**others_of(path, name), name: value}, ensure_ascii=False)
            status = post(api_client, path, body.encode(), media_type)
            assert status in (400, 403, 404, 409, 413, 422, 429) or (path, status) == ("/roundcube", 200)

        for name, (fill, unit) in product([*model.model_fields, "unknown"], FILLS.items()):
            assert_linear(partial(work, name=name, unit=unit), f"{name} of {fill}")


class TestJson:
    @pytest.mark.parametrize(
        "before, unit, after",
        [
            ("", "[", ""),
            ("", '{"login":', ""),
            ('{"login":', "1", "}"),
            ('{"login":1e', "1", "}"),
            ('{"login":0.', "1", "}"),
            ('{"login":"', "\\u0301", '"}'),
            ('{"login":"', "\\ud83d", '"}'),
            ("{", '"a":1,', '"b":1}'),
            ("{", '"login":"x",', '"login":"x"}'),
            ('{"login":[', "1,", "1]}"),
            ("", " ", "{}"),
        ],
    )
    def test_when_it_is_as_large_as_a_body_then_its_time_grows_no_faster(self, api_client, before, unit, after):
        def work(size):
            body = before + unit * (size // len(unit)) + after
            assert post(api_client, "/change", body.encode(), JSON) in (400, 413, 422)

        assert_linear(work, f"JSON of {unit}")


class TestBody:
    def test_when_a_thousand_members_are_unknown_then_the_answer_names_a_few(self, api_client):
        answer = api_client.post("/change", {f"unknown{number}": 1 for number in range(1000)})

        assert answer.status_code == 422
        assert 0 < len(answer.json["faults"]) <= MAX_FAULTS

    @pytest.mark.parametrize("path", BODIES)
    def test_when_it_is_a_megabyte_then_it_is_turned_away(self, api_client, path):
        assert post(api_client, path, b"x" * 1_000_000, BODIES[path][1]) == 413
