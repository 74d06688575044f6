"""Requests as large as they may be: their processor time grows no faster than their size, so that none stops us."""

from __future__ import annotations

from functools import partial
from itertools import product
from urllib.parse import quote_plus

import pytest
from werkzeug.datastructures import MultiDict

from gateway.web.forms import (
    ChangeForm,
    ChannelForm,
    ChooseForm,
    CodeForm,
    ExtendForm,
    FindForm,
    PasskeyForm,
    VerifyIdentityForm,
    VerifyIdentityOrCodeForm,
)
from gateway.web.limits import MAX_FIELDS, MAX_HEADERS_BYTES, MAX_TARGET_BYTES
from gateway.web.recovery_forms import ConfirmMethodForm, MethodsForm, RecoverySignInForm
from gateway.web.sent_form import SentForm
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.cpu_growth import FILLS, assert_linear, filled

RECOVERY = "/mes-moyens-de-secours"
PATHS = {
    FindForm: FIND,
    VerifyIdentityForm: RESET,
    PasskeyForm: RESET,
    CodeForm: RESET,
    ChooseForm: RESET,
    ChangeForm: CHANGE,
    RecoverySignInForm: RECOVERY,
    MethodsForm: RECOVERY,
    ConfirmMethodForm: RECOVERY,
}
"""Where each form is sent to."""
LIKE_OTHERS = {VerifyIdentityOrCodeForm, ChannelForm, ExtendForm}
"""Forms whose fields are among those of another one for the same page."""
URLENCODED = "application/x-www-form-urlencoded"
HEADERS = [
    "Accept-Language", "Authorization", "Cookie", "Host", "If-None-Match", "Origin", "Range", "Referer", "User-Agent",
    "X-Client-Cert", "X-Forwarded-For", "X-Request-ID",
]  # fmt: skip


def kinds_of(form):
    for kind in form.__subclasses__():
        yield kind
        yield from kinds_of(kind)


FORMS = {kind for kind in kinds_of(SentForm) if hasattr(kind, "service")}


@pytest.fixture
def browser(open_browser):
    """Before rate limits that nobody meets."""
    rates = (
        "per_login",
        "per_login_reset",
        "per_proof",
        "per_person",
        "per_name",
        "per_address",
        "per_service",
        "overall",
    )
    wide = dict.fromkeys((*rates, "misses_per_address", "misses_overall"), "1000000/minute")
    passkeys = {"methods": ["passkey", "totp"], "rp_id": "localhost", "origin": "https://localhost"}
    return open_browser(rate_limits=wide, people={"private_mail": "privateMail"}, recovery=passkeys)


def fields_of(browser, kind):
    with browser.app.test_request_context():
        return [field.name for field in kind(formdata=None)]


def send(browser, path, body, content_type=URLENCODED):
    """The status of the page that follows. The answer is read to its end, for a page is made while it is read."""
    with browser.client.post(path, data=body, content_type=content_type, follow_redirects=True) as answer:
        assert answer.data is not None
        return answer.status_code


def typed(browser, kind):
    """What fills in a form of this kind, with a CSRF token that is right."""
    token = browser.open(CHANGE).fields["csrf_token"]
    return dict.fromkeys(fields_of(browser, kind), "Abc-1234") | {"birth_date": "27/03/1985", "csrf_token": token}


def encoded(fields):
    return "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())


class TestForms:
    def test_when_there_is_a_new_one_then_it_is_among_those_that_are_tried(self):
        assert PATHS.keys() == FORMS - LIKE_OTHERS


class TestTask:
    @pytest.mark.parametrize("kind", [FindForm, VerifyIdentityForm, ChangeForm])
    def test_when_a_field_of_its_form_is_as_large_as_a_request_then_its_time_grows_no_faster(self, browser, kind):
        fields = typed(browser, kind) | {"form": kind.service}
        for name, (fill, unit) in product([*fields, "no_field_of_ours"], FILLS.items()):
            others = encoded({other: value for other, value in fields.items() if other != name})

            def work(size, name=name, unit=unit, others=others):
                body = f"{others}&{name}={filled(unit, size)}".encode()
                assert send(browser, "/captcha/work", body) in (200, 400, 404, 413)

            assert_linear(work, f"{name} of {fill}")


class TestForm:
    @pytest.mark.parametrize("unit", ["a&", "a=b&", "&", "a=%ff&", "login=x&"])
    def test_when_it_has_very_many_fields_then_it_is_refused_at_once(self, browser, unit):
        assert_linear(lambda size: send(browser, CHANGE, filled(unit, size)), f"fields {unit}")
        assert send(browser, CHANGE, "a=b&" * MAX_FIELDS) == 413


class TestMultipartForm:
    @pytest.mark.parametrize(
        "before, unit, after",
        [
            ('--x\r\nContent-Disposition: form-data; name="login"', "; b=c", "\r\n\r\nv\r\n--x--\r\n"),
            ('--x\r\nContent-Disposition: form-data; name="login"', "\r\n ", "\r\n\r\nv\r\n--x--\r\n"),
            ('--x\r\nContent-Disposition: form-data; name="login"', "\r\nA: b", "\r\n\r\nv\r\n--x--\r\n"),
            ("", '--x\r\nContent-Disposition: form-data; name="login"\r\n\r\nv\r\n', "--x--\r\n"),
            ('--x\r\nContent-Disposition: form-data; name="login"\r\n\r\n', "\r\n--", "\r\n--x--\r\n"),
            ("--x", " ", "\r\n"),
        ],
    )
    def test_when_it_is_as_large_as_a_request_then_its_time_grows_no_faster(self, browser, before, unit, after):
        def work(size):
            body = before + unit * (size // len(unit)) + after
            assert send(browser, CHANGE, body, "multipart/form-data; boundary=x") in (400, 413, 422)

        assert_linear(work, f"multipart of {unit!r}")


class TestHeader:
    @pytest.mark.parametrize("unit", ["a,", "a;q=1,", " ", '"', "a=b; ", "é"])
    def test_when_it_is_very_long_then_it_is_refused_at_once(self, browser, unit):
        client = browser.app.test_client(use_cookies=False)

        def work(size, name):
            header = {f"HTTP_{name.upper().replace('-', '_')}": unit * (size // len(unit))}
            with client.get("/", environ_overrides=header) as answer:
                assert answer.status_code == 431

        for name in HEADERS:
            assert_linear(partial(work, name=name), f"{name} of {unit!r}")


class TestLanguageHeader:
    @pytest.mark.parametrize("unit", ["a,", "fr;q=0.1,", "a-b,", '"'])
    def test_when_it_is_as_long_as_it_may_be_then_the_page_is_shown(self, browser, unit):
        value = unit * ((MAX_HEADERS_BYTES - 100) // len(unit))

        assert browser.client.get("/", headers={"Accept-Language": value, "User-Agent": "x"}).status_code == 200


class TestAddress:
    @pytest.mark.parametrize(
        "path", ["/captcha/{}.png", "/resultat/{}", "/{}", "/captcha/new?form={}", "/?langue={}"]
    )
    def test_when_it_is_very_long_then_it_is_refused_at_once(self, browser, path):
        def work(size):
            with browser.client.get(path.format("a" * size)) as answer:
                assert answer.status_code == 414

        assert_linear(work, path)
        assert browser.client.get(path.format("a" * (MAX_TARGET_BYTES // 2))).status_code in (200, 404, 410)


class TestField:
    @pytest.mark.parametrize("kind", PATHS)
    def test_when_it_is_as_large_as_a_request_then_its_time_grows_no_faster(self, browser, kind):
        fields = typed(browser, kind)
        for name, (fill, unit) in product([*fields, "langue", "another_picture", "no_field_of_ours"], FILLS.items()):
            others = encoded({other: value for other, value in fields.items() if other != name})

            def work(size, name=name, unit=unit, others=others):
                body = f"{others}&{name}={filled(unit, size)}".encode()
                assert send(browser, PATHS[kind], body) in (200, 400, 413, 422)

            assert_linear(work, f"{name} of {fill}")

    def test_when_it_is_overlong_then_its_beginning_stays_in_the_form(self, browser):
        page = browser.fill_in(FIND, surname="Durand" * 1000, given_name="François", birth_date="27/03/1985")

        assert page.status == 422
        assert page.fields["surname"] == ("Durand" * 1000)[:100]
        assert page.main.count("100 caractères au plus") == 2, "beside the field and in the summary, and nothing else"

    def test_when_it_comes_twice_and_overlong_then_it_is_refused(self, browser):
        fields = MultiDict(typed(browser, FindForm))
        fields.setlist("surname", ["x", "y" * 1000])

        assert browser.post(FIND, fields).status == 422
