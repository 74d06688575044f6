"""The CAPTCHA at the forms: bound to its form, single use, renewed without JavaScript, no session."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image

from gateway.app import create_app
from tests.support.browser import CHANGE, FIND, RESET, Browser
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
ON = {"required": ["find", "reset", "change"]}
TYPED = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}


@pytest.fixture
def gateway(directory, build):
    directory.add_person("fdurand4")
    return build(captcha=ON)


@pytest.fixture
def browser(gateway):
    return Browser(create_app(gateway))


@pytest.fixture
def answer_of(gateway):
    """Reads a challenge as a person reads the picture."""
    return lambda page: gateway.protection.tickets.open("captcha", page.fields["challenge"]).payload["answer"]


class TestCaptcha:
    def test_when_the_answer_is_right_then_the_service_is_given(self, directory, browser, answer_of):
        page = browser.open(CHANGE)

        done = browser.send(CHANGE, page, captcha=answer_of(page), **TYPED)

        assert "Mot de passe modifié" in done.main
        assert directory.binds("fdurand4", NEW)

    def test_when_typed_in_small_letters_with_a_blank_then_it_counts(self, directory, browser, answer_of):
        page = browser.open(CHANGE)
        answer = answer_of(page).lower()

        browser.send(CHANGE, page, captcha=f" {answer[:2]} {answer[2:]}", **TYPED)

        assert directory.binds("fdurand4", NEW)

    @pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
    def test_when_it_is_required_then_every_form_shows_a_picture_of_its_challenge(self, browser, path):
        page = browser.open(path)

        picture = browser.client.get(f"/captcha/{page.fields['challenge']}.png")

        assert f"/captcha/{page.fields['challenge']}.png" in page.source
        assert picture.mimetype == "image/png"
        assert Image.open(io.BytesIO(picture.data)).size == (260, 120)

    def test_when_the_answer_is_wrong_then_a_new_challenge_comes_and_nothing_changes(self, directory, browser):
        page = browser.open(CHANGE)

        refused = browser.send(CHANGE, page, captcha="AAAAAA", **TYPED)

        assert refused.status == 422
        assert "ne sont pas les bons" in refused.main
        assert refused.fields["challenge"] != page.fields["challenge"]
        assert refused.fields["login"] == "fdurand4"
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_answer_was_wrong_then_its_challenge_is_used_up(self, directory, browser, answer_of):
        page = browser.open(CHANGE)
        browser.send(CHANGE, page, captcha="AAAAAA", **TYPED)

        refused = browser.send(CHANGE, page, captcha=answer_of(page), **TYPED)

        assert "a été envoyé deux fois" in refused.main
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_it_has_served_then_it_does_not_serve_again(self, directory, browser, answer_of):
        page = browser.open(CHANGE)
        browser.send(CHANGE, page, captcha=answer_of(page), **TYPED)

        again = {**TYPED, "current_password": NEW, "new_password": "Encore-Un-2026", "confirmation": "Encore-Un-2026"}
        refused = browser.send(CHANGE, page, captcha=answer_of(page), **again)

        assert "a été envoyé deux fois" in refused.main
        assert directory.binds("fdurand4", NEW)

    def test_when_a_challenge_is_spelt_differently_then_it_is_the_same_challenge(self, directory, browser, answer_of):
        page = browser.open(CHANGE)
        challenge = page.fields["challenge"]
        browser.send(CHANGE, page, captcha="AAAAAA", **TYPED)

        for respelt in (challenge + "=", challenge + "==", challenge[:-1] + chr(ord(challenge[-1]) ^ 1)):
            refused = browser.send(CHANGE, page, challenge=respelt, captcha=answer_of(page), **TYPED)
            assert refused.status == 422
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_its_challenge_is_of_another_form_then_it_is_refused(self, directory, browser, answer_of):
        other = browser.open(FIND)
        page = browser.open(CHANGE)

        refused = browser.send(CHANGE, page, challenge=other.fields["challenge"], captcha=answer_of(other), **TYPED)

        assert refused.status == 422
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_it_is_older_than_its_time_then_a_new_one_comes(self, directory, gateway, browser, answer_of):
        page = browser.open(CHANGE)
        answer = answer_of(page)
        payload = gateway.protection.tickets.open("captcha", page.fields["challenge"]).payload
        page.fields["challenge"] = gateway.protection.tickets.reissue("captcha", payload, int(time.time()) - 1)

        refused = browser.send(CHANGE, page, captcha=answer, **TYPED)

        assert "n’est plus valable" in refused.main
        assert directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize("challenge", ["", "x", "AAAA" * 60, "../../etc/passwd", "é" * 20])
    def test_when_its_challenge_is_not_ours_then_it_is_refused(self, directory, browser, challenge):
        page = browser.open(CHANGE)

        assert browser.send(CHANGE, page, challenge=challenge, captcha="AAAAAA", **TYPED).status == 422
        assert browser.client.get(f"/captcha/{challenge}.png").status_code == 404

    def test_when_another_field_is_wrong_then_the_picture_and_the_answer_are_kept(
        self, directory, browser, answer_of
    ):
        page = browser.open(CHANGE)
        answer = answer_of(page)

        refused = browser.send(CHANGE, page, captcha=answer, **{**TYPED, "confirmation": "autre"})

        assert refused.fields["challenge"] == page.fields["challenge"]
        assert refused.fields["captcha"] == answer
        browser.send(CHANGE, refused, **TYPED)
        assert directory.binds("fdurand4", NEW)

    def test_when_two_tabs_are_open_then_both_serve(self, directory, browser, answer_of):
        directory.add_person("other")
        first, second = browser.open(CHANGE), browser.open(CHANGE)

        browser.send(CHANGE, first, captcha=answer_of(first), **TYPED)
        browser.send(CHANGE, second, captcha=answer_of(second), **{**TYPED, "login": "other"})

        assert directory.binds("fdurand4", NEW)
        assert directory.binds("other", NEW)

    def test_when_another_picture_is_asked_for_without_javascript_then_the_typed_fields_stay(self, browser):
        page = browser.open(CHANGE)

        renewed = browser.send(CHANGE, page, another_picture="1", **TYPED)

        assert renewed.status == 200
        assert renewed.fields["challenge"] != page.fields["challenge"]
        assert renewed.fields["login"] == "fdurand4"
        assert "Erreur" not in renewed.main
        assert PASSWORD not in renewed.source

    def test_when_another_picture_is_asked_for_by_script_then_a_challenge_comes_that_serves(
        self, directory, browser, answer_of
    ):
        page = browser.open(CHANGE)
        page.fields["challenge"] = browser.client.get("/captcha/new?form=change").json["challenge"]

        browser.send(CHANGE, page, captcha=answer_of(page), **TYPED)

        assert directory.binds("fdurand4", NEW)

    def test_when_the_picture_is_fetched_twice_then_it_is_the_same(self, browser):
        """A second distortion of the same answer would help whoever reads them by machine."""
        address = f"/captcha/{browser.open(CHANGE).fields['challenge']}.png"

        assert browser.client.get(address).data == browser.client.get(address).data

    def test_when_forms_are_opened_then_neither_cookie_nor_page_holds_the_answer(self, browser, answer_of):
        page = browser.open(CHANGE)

        cookie = browser.client.get_cookie("mamia")
        assert answer_of(page) not in page.source
        assert answer_of(page) not in cookie.value

    def test_when_it_is_not_required_then_no_form_shows_one(self, open_browser):
        browser = open_browser(captcha={"required": []})

        assert all("captcha" not in browser.open(path).source for path in (FIND, RESET, CHANGE))
