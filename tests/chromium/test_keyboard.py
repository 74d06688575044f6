"""Every service by the keyboard alone, and a focus that can be seen."""

from __future__ import annotations

import pytest

from tests.support.browser import CHANGE, FIND, RESET
from tests.support.page_actions import press_enter
from tests.support.slapd_server import NUMEN, PASSWORD

LOGIN, NEW = "fdurand4", "Nouveau-2025"
MAX_TABS = 60


@pytest.fixture
def page(directory, open_page):
    directory.add_person(LOGIN)
    return open_page()


def tab_to(page, selector):
    """Press Tab until `selector` has the focus, which must be visible."""
    for _ in range(MAX_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    raise AssertionError(f"{selector} can't be reached with the keyboard")


def type_into(page, **typed):
    for name, value in typed.items():
        tab_to(page, f"[name={name}]")
        page.keyboard.type(value)


class TestFind:
    def test_when_only_the_keyboard_is_used_then_it_serves(self, page, serve):
        page.goto(serve(captcha={"required": ["find"]}))
        tab_to(page, f".tiles a[href='{FIND}']")
        press_enter(page)
        type_into(page, surname="Durand", given_name="François", birth_date="27/03/1985")
        tab_to(page, "#service > button:not(.first)")
        press_enter(page)

        assert LOGIN in page.inner_text("main")


class TestReset:
    def test_when_only_the_keyboard_is_used_then_it_serves(self, page, serve, directory):
        page.goto(serve() + RESET)
        type_into(page, login=LOGIN, proof=NUMEN, birth_date="27/03/1985")
        press_enter(page)
        type_into(page, new_password=NEW, confirmation=NEW)
        press_enter(page)

        assert directory.binds(LOGIN, NEW)


class TestChange:
    def test_when_only_the_keyboard_is_used_then_it_serves(self, page, serve, directory):
        page.goto(serve() + CHANGE)
        type_into(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        press_enter(page)

        assert directory.binds(LOGIN, NEW)


class TestErrors:
    def test_when_the_summary_has_the_focus_then_its_links_lead_to_the_fields(self, page, serve):
        page.goto(serve() + CHANGE)
        page.focus("[name=login]")
        press_enter(page)
        tab_to(page, "#resume-erreurs a[href='#new_password']")
        page.keyboard.press("Enter")

        assert page.evaluate("() => document.activeElement.id") == "new_password"


class TestSkipLink:
    def test_when_it_is_followed_then_the_content_has_the_focus(self, page, serve):
        page.goto(serve())
        tab_to(page, ".skip")
        assert page.is_visible(".skip")
        page.keyboard.press("Enter")

        assert page.evaluate("() => document.activeElement.id") == "contenu"
