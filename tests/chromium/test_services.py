"""Every service from end to end as staff meet it: on a phone and on a desktop, with JavaScript and without."""

from __future__ import annotations

import pytest

from gateway.protection.replay import MemoryReplayCache
from gateway.protection.tickets import Ticket, Tickets
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.page_actions import choose, fill, follow, follow_service, prove, send, words
from tests.support.polling import wait_until
from tests.support.slapd_server import NUMEN, PASSWORD

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
LOGIN, NEW = "fdurand4", "Nouveau-2025"
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture(params=[True, False], ids=["with-javascript", "without-javascript"])
def javascript(request):
    return request.param


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request, javascript, directory, open_page):
    directory.add_person(LOGIN)
    return open_page(viewport=request.param, java_script_enabled=javascript)


@pytest.fixture
def address(serve):
    """A gateway that asks for the CAPTCHA everywhere."""
    return serve(
        captcha={"required": ["find", "reset", "change"]}, web={"secret_keys": [KEY], "secure_cookies": False}
    )


@pytest.fixture
def pass_captcha(page, javascript):
    """Nothing where there is JavaScript; else the picture, by somebody who reads it right."""

    def automatically():
        assert page.locator("#captcha-image").count() == 0

    def by_eye():
        picture = page.locator("#captcha-image")
        # It is drawn when it is asked for: on a busy machine the form can be filled in sooner.
        wait_until(lambda: picture.evaluate("image => image.complete"))
        assert picture.evaluate("image => image.naturalWidth") == 260
        ticket = Tickets([KEY], replay_cache=MemoryReplayCache()).open(
            "captcha", page.input_value("[name=challenge]")
        )
        assert isinstance(ticket, Ticket)
        page.fill("[name=captcha]", ticket.payload["answer"].lower())

    return automatically if javascript else by_eye


class TestFind:
    def test_when_the_answers_are_right_then_login_and_address_are_shown(self, page, address, pass_captcha):
        page.goto(address)
        follow(page, ".tiles >> text=Retrouver mon compte")
        fill(page, surname="DURAND", given_name="francois", birth_date="27 mars 1985")
        pass_captcha()
        send(page)

        assert LOGIN in page.inner_text("main")
        assert f"{LOGIN}@ac-example.fr" in page.inner_text("main")


class TestReset:
    def test_when_the_proofs_are_right_then_the_password_that_was_chosen_works(
        self, page, address, pass_captcha, directory
    ):
        page.goto(address + RESET)
        fill(page, login=LOGIN, proof=NUMEN, birth_date="27/03/1985")
        pass_captcha()
        send(page)
        choose(page, NEW)

        assert "Mot de passe modifié" in page.inner_text("main")
        assert directory.binds(LOGIN, NEW)
        assert not directory.binds(LOGIN, PASSWORD)

    def test_when_the_classic_mode_is_set_then_the_initial_password_works(self, page, serve, directory):
        prove(page, serve(reset={"mode": "initial"}) + RESET)

        assert "Mot de passe initial rétabli" in page.inner_text("h1")
        assert directory.binds(LOGIN, NUMEN)


class TestChange:
    def test_when_the_password_is_right_then_the_new_one_works(self, page, address, pass_captcha, directory):
        page.goto(address + CHANGE)
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        pass_captcha()
        send(page)

        assert "Mot de passe modifié" in page.inner_text("h1")
        assert directory.binds(LOGIN, NEW)


class TestHelp:
    def test_when_somebody_is_stuck_then_phone_hours_and_questions_are_reached(self, page, address):
        page.goto(address)
        follow_service(page, "Assistance")
        assert "01 23 45 67 89" in words(page, "main")
        follow(page, "main >> text=Questions fréquentes")

        assert page.locator("main section").count() == 15


class TestLanguage:
    def test_when_switched_in_a_form_then_what_was_typed_is_still_there(self, page, address):
        page.goto(address + FIND)
        fill(page, surname="Durand", given_name="François")
        follow(page, "text=English")

        assert page.get_attribute("html", "lang") == "en"
        assert page.input_value("[name=surname]") == "Durand"
        assert page.locator("#resume-erreurs").count() == 0
