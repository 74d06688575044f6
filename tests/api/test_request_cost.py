"""Bodies as large as they may be: their processor time grows no faster than their size."""

from __future__ import annotations

import json
from functools import partial
from itertools import product

import pytest
from growth import FILLS, assert_linear, filled

from gateway.web.api.operations import operations
from gateway.web.api.reading import FORM, JSON, MAX_FAULTS
from gateway.web.api.services import ApiServices

BODIES = {
    kind.path: (kind.asks, kind.asked_as)
    for kind in operations(ApiServices.__new__(ApiServices))
    if kind.asks is not None
}
"""What each operation is sent, and as which media type."""
RIGHT = {"birth_date": "1985-03-27"}


@pytest.fixture
def portal(open_portal):
    wide = dict.fromkeys(("per_login", "per_person", "per_service", "overall"), "1000000/minute")
    return open_portal(client={"rate": "1000000/minute"}, throttle=wide)


def post(portal, path, body, media_type):
    return portal.post(path, data=body, content_type=media_type).status_code


def others_of(path, name):
    model, _ = BODIES[path]
    return {other: RIGHT.get(other, "Abc-1234") for other in model.model_fields if other != name}


@pytest.mark.parametrize("path", BODIES)
def test_member_when_it_is_as_large_as_a_body_then_its_time_grows_no_faster(portal, path):
    model, media_type = BODIES[path]

    def work(size, name, unit):
        value = filled(unit, size)
        if media_type == FORM:
            body = "&".join(f"{key}={text}" for key, text in {**others_of(path, name), name: value}.items())
        else:
            body = json.dumps({**others_of(path, name), name: value}, ensure_ascii=False)
        status = post(portal, path, body.encode(), media_type)
        assert status in (400, 403, 404, 409, 413, 422, 429) or (path, status) == ("/roundcube", 200)

    for name, (fill, unit) in product([*model.model_fields, "unknown"], FILLS.items()):
        assert_linear(partial(work, name=name, unit=unit), f"{name} of {fill}")


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
def test_json_when_it_is_as_large_as_a_body_then_its_time_grows_no_faster(portal, before, unit, after):
    def work(size):
        body = before + unit * (size // len(unit)) + after
        assert post(portal, "/change", body.encode(), JSON) in (400, 413, 422)

    assert_linear(work, f"JSON of {unit}")


def test_body_when_a_thousand_members_are_unknown_then_the_answer_names_a_few(portal):
    answer = portal.post("/change", {f"unknown{number}": 1 for number in range(1000)})

    assert answer.status_code == 422
    assert 0 < len(answer.json["faults"]) <= MAX_FAULTS


@pytest.mark.parametrize("path", BODIES)
def test_body_when_it_is_a_megabyte_then_it_is_turned_away(portal, path):
    assert post(portal, path, b"x" * 1_000_000, BODIES[path][1]) == 413
