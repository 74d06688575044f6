"""What no honest browser sends, and what a tired person does: each gets a clear word, and nothing is lost."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.browser import CHANGE, FIND, RESET
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
FIELDS = {
    FIND: {"surname": "Durand", "given_name": "François", "birth_date": "27/03/1985"},
    RESET: {"login": "fdurand4", "proof": "12E8534567ABC", "birth_date": "27/03/1985"},
    CHANGE: {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW},
}
EACH_FIELD = [(path, name) for path, fields in FIELDS.items() for name in fields]


def sent(browser, path, **typed):
    return browser.fill_in(path, **{**FIELDS[path], **typed})


@pytest.fixture
def wide_browser(directory, open_browser):
    """Before rate limits that never close; nobody is in the directory, so nothing can change."""
    rates = (
        "per_login",
        "per_login_reset",
        "per_proof",
        "per_person",
        "per_address",
        "misses_per_address",
        "misses_overall",
    )
    return open_browser(rate_limits=dict.fromkeys(rates, "100000/minute"))


@pytest.fixture
def durand(directory):
    directory.add_person("fdurand4")
    yield
    assert directory.binds("fdurand4", PASSWORD), "bad input changed the password"


class TestForm:
    @pytest.mark.parametrize("path", FIELDS)
    def test_when_the_csrf_token_is_missing_then_nothing_happens_and_the_fields_are_kept(self, durand, browser, path):
        page = browser.post(path, FIELDS[path])

        assert page.status == 400
        assert "restée ouverte trop longtemps" in page.main
        assert [page.fields[name] for name in FIELDS[path] if "password" not in name and name != "confirmation"]

    def test_when_it_is_sent_from_another_browser_then_nothing_happens(self, durand, open_browser):
        mine, theirs = open_browser(), open_browser()
        stolen = mine.open(CHANGE).fields

        assert theirs.post(CHANGE, {**stolen, **FIELDS[CHANGE]}).status == 400


class TestRequest:
    def test_when_it_is_huge_then_it_is_turned_away(self, browser):
        assert browser.post(CHANGE, {"login": "x" * 1_000_000}).status == 413

    @pytest.mark.parametrize("path", FIELDS)
    @pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
    def test_when_it_is_no_form_then_nothing_happens(self, durand, browser, path, content_type):
        page = browser.post(path, b'{"login": "fdurand4"}', content_type=content_type)

        assert page.status in (400, 422)

    @pytest.mark.parametrize("method", ["put", "delete", "patch"])
    def test_when_its_method_is_none_of_ours_then_the_page_says_so(self, browser, method):
        answer = getattr(browser.client, method)(CHANGE)

        assert answer.status_code == 405
        assert "Rien n’a été modifié" in answer.text


class TestChange:
    def test_when_its_fields_come_in_the_address_then_they_count_for_nothing(self, durand, browser):
        fields = browser.open(CHANGE).fields
        answer = browser.client.post(CHANGE, query_string={**fields, **FIELDS[CHANGE]}, follow_redirects=True)

        assert answer.status_code in (400, 422)

    @pytest.mark.parametrize("password", [" ", "   "])
    def test_when_the_current_password_is_blank_then_it_is_tried_and_refused(self, durand, browser, password):
        page = sent(browser, CHANGE, current_password=password)

        assert page.status == 422
        assert "Identifiant ou mot de passe incorrect" in page.main


EVERY_FIELD = [
    *EACH_FIELD,
    *((path, name) for path in FIELDS for name in ("captcha", "challenge", "altcha", "csrf_token")),
    *((RESET, name) for name in ("ticket", "code", "another_picture")),
]


class TestField:
    @pytest.mark.parametrize("path, name", EACH_FIELD)
    def test_when_it_is_empty_then_it_is_asked_for_by_name(self, durand, browser, path, name):
        page = sent(browser, path, **{name: ""})

        assert page.status == 422
        assert f'href="#{name}"' in page.source
        assert f'id="{name}-erreur"' in page.source

    @pytest.mark.parametrize("path, name", EACH_FIELD)
    def test_when_it_is_missing_then_it_is_asked_for_by_name(self, durand, browser, path, name):
        data = {**browser.open(path).fields, **FIELDS[path]}
        del data[name]

        page = browser.post(path, data)

        assert page.status == 422
        assert f'href="#{name}"' in page.source

    @pytest.mark.parametrize("path, name", EACH_FIELD)
    @pytest.mark.parametrize("spelling", ["{}[]", "{}[0]", "{}.0"])
    def test_when_it_is_spelt_as_an_array_then_it_counts_as_missing(self, durand, browser, path, name, spelling):
        data = {**browser.open(path).fields, **FIELDS[path]}
        data[spelling.format(name)] = data.pop(name)

        assert browser.post(path, data).status == 422

    @pytest.mark.parametrize("path, name", EACH_FIELD)
    def test_when_it_is_sent_twice_then_neither_counts(self, durand, browser, path, name):
        data = {**browser.open(path).fields, **FIELDS[path]}
        data[name] = [data[name], data[name]]

        page = browser.post(path, data)

        assert page.status == 422
        assert "Le formulaire a été mal transmis" in page.main

    @pytest.mark.parametrize("path, name", EACH_FIELD)
    def test_when_it_has_ten_kilobytes_then_it_is_too_long(self, durand, browser, path, name):
        page = sent(browser, path, **{name: "A1-" + "x" * 10_000})

        assert page.status == 422
        assert f'href="#{name}"' in page.source

    @pytest.mark.parametrize("path, name", EACH_FIELD)
    @pytest.mark.parametrize("sign", ["\0", "\n", "\x1b", "\x7f", "\x85"])
    def test_when_it_has_a_control_character_then_it_is_refused(self, durand, browser, path, name, sign):
        page = sent(browser, path, **{name: f"{FIELDS[path][name]}{sign}x"})

        assert page.status == 422
        assert f'href="#{name}"' in page.source

    @pytest.mark.parametrize("path, name", EACH_FIELD)
    def test_when_it_is_no_utf8_then_the_request_is_unreadable(self, durand, browser, path, name):
        """No browser sends that; read with replacements, it would become a password that nobody typed."""
        data = {**browser.open(path).fields, **FIELDS[path]}
        rest = "&".join(f"{key}={value}" for key, value in data.items() if key != name)

        page = browser.post(path, f"{rest}&{name}=Abc-123%ff%fe", content_type="application/x-www-form-urlencoded")

        assert page.status == 400
        assert "Rien n’a été modifié" in page.main

    @pytest.mark.parametrize("path, name", EACH_FIELD)
    def test_when_it_is_a_file_then_it_counts_as_missing(self, durand, browser, path, name):
        data = {**browser.open(path).fields, **FIELDS[path], name: (io.BytesIO(b"x"), "x.txt")}

        page = browser.post(path, data, content_type="multipart/form-data")

        assert page.status == 422
        assert f'href="#{name}"' in page.source

    def test_when_it_is_no_utf8_in_a_multipart_form_then_it_is_refused(self, durand, browser):
        parts = {**browser.open(CHANGE).fields, **FIELDS[CHANGE], "new_password": "\udcff"}
        body = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in parts.items()
        )

        page = browser.post(
            CHANGE,
            f"{body}--x--\r\n".encode("utf-8", "surrogateescape"),
            content_type="multipart/form-data; boundary=x",
        )

        assert page.status == 422
        assert "caractère illisible" in page.main

    @pytest.mark.parametrize("path, name", EVERY_FIELD)
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(text=st.one_of(st.text(max_size=80), st.text(min_size=1000, max_size=1200)))
    def test_when_anything_at_all_is_typed_into_it_then_the_answer_is_a_page(self, wide_browser, path, name, text):
        assert sent(wide_browser, path, **{name: text}).status in (200, 400, 422)


class TestPages:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_when_anything_at_all_is_typed_then_the_answer_is_a_page(self, wide_browser, data):
        path = data.draw(st.sampled_from(list(FIELDS)))
        typed = {name: data.draw(st.text(max_size=60)) for name in FIELDS[path]}

        assert sent(wide_browser, path, **typed).status in (200, 422)
