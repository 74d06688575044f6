"""The panel helps where one types: below the field on a phone, beside the form on a wide screen, never in both."""

from __future__ import annotations

import pytest

from tests.support.browser import CHANGE, FIND, RESET
from tests.support.chromium_pages import DESKTOP, PHONE

EVERYWHERE = {"captcha": {"required": ["find", "reset", "change"]}}
BELOW, BESIDE = ".explanation", "aside .beside"
NUMEN = "Il vous a été transmis à votre entrée en fonctions"
WIDTHS = [320, 360, 640, 991, 992, 1280]
"""Pixels. From 992 on the panel is beside the form."""


def opened(open_page, address, viewport, **options):
    page = open_page(viewport=viewport, **options)
    page.goto(address)
    return page


class TestPhone:
    @pytest.mark.parametrize("scripts", [True, False])
    @pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
    def test_when_a_form_is_shown_then_each_explanation_is_below_its_field_and_closed(
        self, open_page, serve, path, scripts
    ):
        page = opened(open_page, serve(**EVERYWHERE) + path, PHONE, java_script_enabled=scripts)

        shown = page.locator(f"{BELOW}:visible")
        assert shown.count() == page.locator(BELOW).count() > 0
        assert page.locator(f"{BESIDE}:visible").count() == 0
        assert page.locator(f"{BELOW}[open]").count() == 0

    def test_when_somebody_asks_where_the_numen_is_then_the_answer_is_between_this_field_and_the_next(
        self, open_page, serve
    ):
        page = opened(open_page, serve() + RESET, PHONE)
        page.get_by_text("Où trouver mon NUMEN").locator("visible=true").click()

        answer = page.locator(f"{BELOW}[open]")
        place = answer.bounding_box()
        assert NUMEN in answer.inner_text()
        assert page.locator("#proof").bounding_box()["y"] < place["y"]
        assert place["y"] + place["height"] < page.locator("#birth_date").bounding_box()["y"]

    def test_when_it_is_reached_by_the_keyboard_then_enter_opens_it_and_does_not_send_the_form(
        self, open_page, serve
    ):
        page = opened(open_page, serve() + RESET, PHONE)
        page.focus("#proof")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        page.wait_for_selector(f"{BELOW}[open]")
        assert page.locator("#resume-erreurs").count() == 0


class TestWideScreen:
    @pytest.mark.parametrize("scripts", [True, False])
    @pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
    def test_when_a_form_is_shown_then_all_sections_are_visible_from_the_start(self, open_page, serve, path, scripts):
        page = opened(open_page, serve(**EVERYWHERE) + path, DESKTOP, java_script_enabled=scripts)

        assert page.locator(f"{BESIDE}:visible").count() == page.locator(BESIDE).count() > 0
        assert page.locator(f"{BELOW}:visible").count() == 0

    def test_when_a_field_has_the_focus_then_its_sections_are_marked_and_nothing_moves(self, open_page, serve):
        page = opened(open_page, serve() + RESET, DESKTOP)
        before = page.locator(BESIDE).evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")

        page.focus("#proof")

        marked = page.locator("aside [aria-current]")
        after = page.locator(BESIDE).evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
        assert [marked.nth(n).get_attribute("data-about") for n in range(marked.count())] == ["proof", "proof"]
        assert "Je suis agent temporaire" in marked.nth(1).inner_text()
        assert page.locator(f"{BESIDE}:visible").count() == page.locator(BESIDE).count()
        assert before == after

    def test_when_the_focus_goes_on_then_only_the_new_field_is_marked(self, open_page, serve):
        page = opened(open_page, serve() + RESET, DESKTOP)
        page.focus("#proof")
        page.focus("#birth_date")

        assert page.locator("aside [aria-current]").get_attribute("data-about") == "birth_date"


class TestReadAloud:
    @pytest.mark.parametrize("width", WIDTHS)
    def test_when_read_aloud_then_an_explanation_comes_once(self, open_page, serve, width):
        page = opened(open_page, serve() + RESET, {"width": width, "height": 800})

        # `inner_text` leaves out what is not displayed; what is closed is one press away.
        page.locator(BELOW).evaluate_all("all => all.forEach(one => { one.open = true; })")
        assert page.inner_text("body").count(NUMEN) == 1
