"""The header: on a phone the form begins on the first screen, and every service is one press away."""

from __future__ import annotations

import pytest

from tests.support.browser import CHANGE, FIND, RESET
from tests.support.chromium_pages import DESKTOP, PHONE
from tests.support.page_actions import follow

MAX_ABOVE_HEADING = 120
"""Pixels."""
LONG = "Académie de la Guadeloupe – Région académique"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><rect width="2" height="1" fill="#1d5c8f"/></svg>'
MENU = ".menu summary"


@pytest.fixture
def academy(tmp_path):
    (tmp_path / "logo.svg").write_text(LOGO)
    return {"name": LONG, "logo": tmp_path / "logo.svg"}


class TestHeader:
    @pytest.mark.parametrize("locale", ["fr", "en"])
    @pytest.mark.parametrize("width", [320, 360])
    @pytest.mark.parametrize("path", ["/", CHANGE])
    def test_when_it_is_a_phone_then_the_heading_is_near_the_top_with_the_languages_above(
        self, open_page, serve, academy, path, width, locale
    ):
        page = open_page(viewport={**PHONE, "width": width}, locale=locale)
        page.goto(serve(academy=academy) + path)

        heading, languages = page.locator("h1").bounding_box(), page.locator(".languages").bounding_box()
        assert heading["y"] < MAX_ABOVE_HEADING
        assert languages["y"] + languages["height"] <= heading["y"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_when_the_academy_is_the_example_then_the_heading_is_near_the_top(self, open_page, serve):
        page = open_page(viewport=PHONE)
        page.goto(serve() + CHANGE)

        assert page.locator("h1").bounding_box()["y"] < MAX_ABOVE_HEADING

    def test_when_it_is_zoomed_to_twice_its_size_then_nothing_is_cut_off(self, open_page, serve, academy):
        page = open_page(viewport={"width": DESKTOP["width"] // 2, "height": DESKTOP["height"] // 2})
        page.goto(serve(academy=academy) + CHANGE)

        assert page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"] // 2
        assert page.locator(".brand a").is_visible()

    @pytest.mark.parametrize("scripts", [True, False])
    def test_when_it_is_a_phone_then_the_menu_leads_to_each_service_with_or_without_scripts(
        self, open_page, serve, scripts
    ):
        page = open_page(viewport=PHONE, java_script_enabled=scripts)
        page.goto(serve() + "/")
        page.click(MENU)
        follow(page, f".menu a[href='{RESET}']")

        assert page.url.endswith(RESET)
        assert page.locator(f".menu a[href='{RESET}'][aria-current=page]").count() == 1

    def test_when_it_is_a_phone_then_the_keyboard_opens_the_menu(self, open_page, serve):
        page = open_page(viewport=PHONE)
        page.goto(serve() + "/")
        page.focus(MENU)
        page.keyboard.press("Enter")

        page.wait_for_selector(f".menu a[href='{FIND}']", state="visible")

    @pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
    def test_when_it_is_read_aloud_then_the_services_come_once(self, open_page, serve, viewport):
        page = open_page(viewport=viewport)
        page.goto(serve() + "/assistance")
        if viewport is PHONE:
            page.click(MENU)

        assert page.get_by_role("navigation", name="Services").count() == 1
        assert page.locator("header, nav").get_by_role("link", name="Retrouver mon compte").count() == 1
