"""The page that follows a sent form: a GET, so that going back and reloading send nothing again."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from gateway.app import create_app
from gateway.web import overload
from gateway.web.page_state import LIFETIME_SECONDS, MAX_COOKIE_CHARS
from tests.support.browser import CHANGE, FIND, RESET, Browser
from tests.support.slapd_server import NUMEN, PASSWORD

NEW = "Nouveau-2025"
BIRTH_DATE = "27/03/1985"
GONE = "Votre saisie n’est plus disponible"
FORMS = {
    FIND: {"surname": "Durand", "given_name": "François", "birth_date": BIRTH_DATE},
    RESET: {"login": "fdurand4", "proof": NUMEN, "birth_date": BIRTH_DATE},
    CHANGE: {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW},
}
COMES_BACK = {"surname", "given_name", "birth_date", "login"}


@pytest.fixture(autouse=True)
def durand(directory):
    directory.add_person("fdurand4")


@pytest.fixture
def browser(open_browser):
    return open_browser(captcha={"required": []})


def post(browser, path, **typed):
    """The answer itself, not the page that follows."""
    return browser.client.post(path, data={**browser.open(path).fields, **typed})


def cookie(browser, path):
    return browser.client.get_cookie("mamia-etape", path=path)


class TestAnswer:
    @pytest.mark.parametrize("path", FORMS)
    @pytest.mark.parametrize(
        "typed",
        [{}, {"langue": "en"}, {"another_picture": "1"}, {"birth_date": "x", "login": ""}, {"csrf_token": "old"}],
        ids=["complete", "language", "picture", "mistake", "stale"],
    )
    def test_when_a_form_was_sent_then_it_leads_to_a_page_without_saying_what_was_typed(self, browser, path, typed):
        answer = post(browser, path, **{**FORMS[path], **typed})

        assert answer.status_code == 303
        assert answer.data == b""
        assert answer.headers["Location"].startswith((f"{path}/suite", "/resultat/"))
        assert "?" not in answer.headers["Location"]

    @pytest.mark.parametrize(
        "path, data, status",
        [
            (CHANGE, {"login": "x" * 300_000}, 413),
            ("/nowhere", {}, 404),
            ("/assistance", {}, 405),
            (CHANGE, b"%ff", 400),
        ],
    )
    def test_when_it_cannot_be_read_then_it_leads_to_the_page_of_the_error(self, browser, path, data, status):
        kind = {"content_type": "application/x-www-form-urlencoded"}
        answer = browser.client.post(path, data=data, **kind)
        page = browser.post(path, data, **kind)

        assert (answer.status_code, answer.headers["Location"]) == (303, "/erreur")
        assert page.status == status
        assert "Rien n’a été modifié" in page.main or status == 404

    def test_when_a_fault_happens_then_its_page_names_the_request_that_was_sent(self, browser, monkeypatch, caplog):
        monkeypatch.setattr("gateway.services.find.FindService.find", lambda *_: 1 / 0)
        page = browser.post(FIND, {**browser.open(FIND).fields, **FORMS[FIND]})

        assert page.status == 500
        assert page.answer.history[0].headers["X-Request-ID"] in page.main

    def test_when_programs_call_then_they_are_answered_at_once(self, browser):
        assert browser.client.post("/captcha/work", data={"form": "nothing"}).status_code in (400, 404)
        assert browser.client.post("/captcha/new").status_code == 405


class TestPage:
    @pytest.mark.parametrize("path", FORMS)
    def test_when_it_is_reloaded_then_it_is_the_same_and_nothing_is_sent(self, browser, path):
        first = browser.fill_in(path, **{**FORMS[path], "birth_date": "31/02/1985", "confirmation": "other"})
        again = browser.open(f"{path}/suite")

        assert (first.status, again.status) == (422, 422)
        assert first.main == again.main

    def test_when_an_account_was_found_then_reloading_shows_it_again(self, browser):
        browser.fill_in(FIND, **FORMS[FIND])

        assert "fdurand4" in browser.open(f"{FIND}/suite").main

    def test_when_one_goes_back_then_what_may_come_back_is_in_the_form(self, browser):
        for path, typed in FORMS.items():
            browser.fill_in(path, **{**typed, "birth_date": BIRTH_DATE, "confirmation": "other"})
            fields = browser.open(path).fields

            for name, value in typed.items():
                assert fields[name] == (value if name in COMES_BACK else "")

    def test_when_the_choice_is_open_then_going_back_shows_the_first_step_filled_in(self, browser):
        browser.prove("fdurand4")

        fields = browser.open(RESET).fields

        assert (fields["login"], fields["birth_date"], fields["proof"]) == ("fdurand4", BIRTH_DATE, "")
        assert "new_password" in browser.open(f"{RESET}/suite").fields

    @pytest.mark.parametrize("path", FORMS)
    def test_when_nothing_was_sent_then_it_explains_that_and_shows_the_form(self, browser, path):
        page = browser.open(f"{path}/suite")

        assert page.status == 410
        assert GONE in page.main
        assert "csrf_token" in page.fields

    @pytest.mark.parametrize(
        "payload, seconds",
        [({"step": "form"}, -1), ({"step": "form"}, 0)],
        ids=["expired", "expiring"],
    )
    def test_when_the_state_cannot_be_used_then_it_counts_as_gone(self, build, payload, seconds):
        gateway = build(captcha={"required": []})
        browser = Browser(create_app(gateway))
        sealed = gateway.protection.tickets.reissue(f"page 1 {FIND}", payload, int(time.time()) + seconds)
        browser.client.set_cookie("mamia-etape", sealed, path=FIND)

        assert browser.open(f"{FIND}/suite").status == 410
        assert browser.open(FIND).status == 200

    def test_when_the_password_is_saved_then_going_back_leads_to_the_result_and_the_form_is_empty(self, browser):
        saved = browser.choose(browser.prove("fdurand4"), NEW)

        back = browser.client.get(f"{RESET}/suite")

        assert (back.status_code, urlsplit(back.headers["Location"]).path) == (303, saved.path)
        assert browser.open(RESET).fields["login"] == ""

    def test_when_the_language_changes_then_the_step_stays_and_sentences_of_the_other_one_go(self, browser):
        browser.fill_in(FIND, **{**FORMS[FIND], "birth_date": "31/02/1985"})

        page = browser.open(f"{FIND}/suite?langue=en")

        assert page.fields["surname"] == "Durand"
        assert "Find my account" in page.main
        assert "date" not in page.main.partition("Find my account")[0]
        assert "n’existe pas" not in page.main

    def test_when_the_language_changes_then_the_wait_after_too_many_stays(self, open_browser):
        browser = open_browser(captcha={"required": []}, rate_limits={"per_address": "1/hour"})
        browser.fill_in(FIND, **FORMS[FIND])
        browser.fill_in(FIND, **FORMS[FIND])

        page = browser.open(f"{FIND}/suite?langue=en")

        assert page.status == 429
        assert int(page.answer.headers["Retry-After"]) > 0
        assert "Too many tries" in page.main
        assert " 0 minutes" not in page.main

    def test_when_the_language_changes_then_the_page_of_an_error_stays(self, browser):
        browser.post(CHANGE, b"%ff", content_type="application/x-www-form-urlencoded")

        page = browser.open("/erreur?langue=en")

        assert page.status == 400
        assert "Request not understood" in page.main

    def test_when_too_many_were_sent_then_it_says_how_long_to_wait_and_for_less_and_less(self, build, monkeypatch):
        browser = Browser(create_app(build(captcha={"required": []}, rate_limits={"per_address": "1/hour"})))
        browser.fill_in(FIND, **FORMS[FIND])
        first = browser.fill_in(FIND, **FORMS[FIND])
        later = time.time() + 300
        monkeypatch.setattr("gateway.web.page_state.time", SimpleNamespace(time=lambda: later))
        again = browser.open(f"{FIND}/suite")

        assert (first.status, again.status) == (429, 429)
        waits = [int(page.answer.headers["Retry-After"]) for page in (first, again)]
        assert waits[0] - waits[1] >= 299

    def test_when_too_many_passwords_were_tried_then_the_way_back_leads_to_the_choice(self, build, directory):
        browser = Browser(create_app(build(captcha={"required": []}, rate_limits={"per_login_reset": "2/hour"})))
        proved = browser.prove("fdurand4")
        pages = [browser.choose(proved, "court") for _ in range(3)]
        [back] = re.findall(rf'href="({RESET}/suite\?retour)"', pages[-1].source)

        choice = browser.open(back)

        assert pages[-1].status == 429
        assert choice.status == 200
        assert choice.fields["ticket"]

    def test_when_two_people_reset_in_two_tabs_then_the_page_names_whose_password_it_is(self, directory, browser):
        directory.add_person("bmartin2", numen="12E0000001ABC")
        browser.prove("fdurand4")
        browser.prove("bmartin2", proof="12E0000001ABC")

        assert "du compte bmartin2" in browser.open(f"{RESET}/suite").main

    def test_when_the_service_was_too_busy_then_the_way_back_is_the_form(self, browser, monkeypatch):
        fields = browser.open(FIND).fields
        queued = overload.queued_seconds.set(1000.0)
        try:
            page = browser.post(FIND, {**fields, **FORMS[FIND]})
        finally:
            overload.queued_seconds.reset(queued)

        assert page.status == 503
        assert f'href="{FIND}"' in page.source

    def test_when_another_site_brings_a_ticket_then_no_choice_is_shown(self, browser):
        proved = browser.prove("fdurand4")
        other = Browser(browser.app)

        page = other.post(
            RESET, {"ticket": proved.fields["ticket"], "langue": "en"}, headers={"Sec-Fetch-Site": "cross-site"}
        )

        assert "new_password" not in page.fields

    def test_when_another_site_sent_the_form_then_nothing_of_it_is_filled_in(self, browser):
        browser.post(FIND, FORMS[FIND], headers={"Sec-Fetch-Site": "cross-site"})

        assert browser.open(FIND).fields["surname"] == ""

    def test_when_the_state_is_of_another_path_then_it_counts_for_nothing(self, browser):
        browser.fill_in(FIND, **FORMS[FIND])
        found = cookie(browser, FIND)
        browser.client.set_cookie(found.key, found.value, path=CHANGE)

        assert browser.open(f"{CHANGE}/suite").status == 410


class TestCookie:
    @pytest.mark.parametrize("path", FORMS)
    def test_when_the_longest_values_were_typed_then_browsers_keep_it(self, browser, path):
        answer = post(browser, path, **dict.fromkeys(FORMS[path], "\N{OLD ITALIC LETTER A}" * 2000))

        for line in answer.headers.getlist("Set-Cookie"):
            assert len(line) < 4096
            assert len(line.split(";")[0]) < MAX_COOKIE_CHARS + 100

    def test_when_it_is_set_then_only_this_site_and_this_path_get_it(self, build):
        browser = Browser(create_app(build(captcha={"required": []}, web={"secure_cookies": True})))
        [line] = [line for line in post(browser, FIND).headers.getlist("Set-Cookie") if "mamia-etape" in line]

        assert line.startswith("__Secure-mamia-etape=")
        for part in ("Secure", "HttpOnly", "SameSite=Strict", f"Path={FIND}", f"Max-Age={LIFETIME_SECONDS}"):
            assert f"; {part}" in line

    def test_when_hundred_people_were_found_then_the_page_shows_as_many_as_fit_and_their_number(
        self, directory, browser
    ):
        for number in range(60):
            directory.add_person(f"fdurand{number}x", mail=f"{'f' * 60}{number}@ac-example.fr")

        page = browser.fill_in(FIND, **FORMS[FIND])

        assert page.status == 200
        assert "61" in page.main
        assert len(re.findall("@ac-example.fr", page.main)) >= 10


class TestFoundAccount:
    def test_when_its_button_for_a_reset_is_pressed_then_login_and_birth_date_are_filled_in(self, browser):
        found = browser.fill_in(FIND, **FORMS[FIND])
        [account] = re.findall(r'name="account" value="([^"]+)"', found.source)

        page = browser.post(RESET, {"csrf_token": found.fields["csrf_token"], "account": account})

        assert page.path == RESET
        assert (page.fields["login"], page.fields["birth_date"]) == ("fdurand4", BIRTH_DATE)

    @pytest.mark.parametrize("account", ["", "AAAA", "x" * 5000])
    def test_when_its_ticket_is_none_of_ours_then_the_form_is_empty(self, browser, account):
        token = browser.open(RESET).fields["csrf_token"]

        page = browser.post(RESET, {"csrf_token": token, "account": account})

        assert (page.status, page.fields["login"]) == (400, "")

    def test_when_the_link_for_a_change_is_followed_then_the_login_is_filled_in(self, browser):
        found = browser.fill_in(FIND, **FORMS[FIND])
        [link] = set(re.findall(rf'href="({CHANGE}\?login=[^"]+)"', found.source))

        assert browser.open(link).fields["login"] == "fdurand4"
