"""The box of the acceptable use policy in a real browser: by keyboard, and with nothing for axe-core."""

from __future__ import annotations

import pytest

from tests.support.accessibility import problems_of
from tests.support.browser import CHANGE, RESET
from tests.support.page_actions import fill, prove, send
from tests.support.slapd_server import PASSWORD

LOGIN, NEW = "fdurand4", "Nouveau-2025"
IN_FORCE = {
    "charter": {"version": "2026-09", "url": "https://www.ac-example.fr/charte"},
    "captcha": {"required": []},
}


@pytest.fixture(params=["fr", "en"])
def page(request, directory, open_page):
    directory.add_person(LOGIN)
    return open_page(locale=request.param)


class TestChange:
    def test_when_opened_and_when_refused_then_nothing_is_wrong_and_the_summary_leads_to_the_box(self, page, serve):
        page.goto(serve(**IN_FORCE) + CHANGE)
        assert problems_of(page, "charter") == []

        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        send(page)
        assert problems_of(page, "charter-missing") == []
        page.click("#resume-erreurs a[href='#charter']")

        assert page.evaluate("() => document.activeElement.id") == "charter"

    def test_when_ticked_by_keyboard_then_the_password_is_changed(self, page, serve, directory):
        page.goto(serve(**IN_FORCE) + CHANGE)
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)

        page.focus("#charter")
        page.keyboard.press("Space")
        send(page)

        assert directory.binds(LOGIN, NEW)
        assert directory.read(LOGIN)["mamiaCharter"][0].startswith("2026-09;")


class TestReset:
    def test_when_the_new_password_is_chosen_then_nothing_is_wrong(self, page, serve, directory):
        prove(page, serve(**IN_FORCE) + RESET, LOGIN)
        assert problems_of(page, "charter-choose") == []

        fill(page, new_password=NEW, confirmation=NEW)
        page.check("#charter")
        send(page)

        assert directory.binds(LOGIN, NEW)
