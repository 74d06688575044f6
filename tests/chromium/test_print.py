"""On paper: a form with its fields and explanations; a result with who, what, when and whom to call."""

from __future__ import annotations

import re

import pytest

from tests.support.accessibility import SCREENSHOTS, WANTS_PICTURES
from tests.support.browser import CHANGE, RESET
from tests.support.chromium_pages import DESKTOP, PHONE
from tests.support.page_actions import change
from tests.support.slapd_server import PASSWORD

NUMBER = "01 23 45 67 89"


def on_paper(page):
    """The words of the printed page, blanks folded."""
    page.emulate_media(media="print")
    if WANTS_PICTURES:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"print{page.url.split('/')[3][:12]}.png", full_page=True)
    return re.sub(r"\s+", " ", page.inner_text("body"))


class TestForm:
    @pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
    def test_when_printed_then_its_fields_and_explanations_are_there_once(self, open_page, serve, viewport):
        page = open_page(viewport=viewport)
        page.goto(serve() + RESET)

        words = on_paper(page)

        assert "Réinitialiser mon mot de passe" in words
        assert page.locator("#proof").bounding_box()["height"] > 20
        assert words.count("Où trouver mon NUMEN") == 1
        assert words.count("remis par votre responsable") == 1
        assert NUMBER in words
        assert "Menu" not in words
        assert not page.locator(".languages").is_visible()
        assert not page.locator("#service button").last.is_visible()


class TestResult:
    def test_when_printed_then_it_says_who_what_when_and_whom_to_call(self, open_page, serve, directory):
        directory.add_person("fdurand4")
        page = open_page(viewport=PHONE)
        change(page, serve() + CHANGE, PASSWORD, "Nouveau-2025")
        page.wait_for_selector(".alert-success")
        on_screen = page.inner_text("body")

        words = on_paper(page)

        assert "fdurand4" in words
        assert page.inner_text("h1") in words
        assert re.search(r"Enregistré le \d\d/\d\d/\d{4} à \d\d h \d\d \(CES?T\)", words)
        assert NUMBER in words
        assert "Enregistré le" not in on_screen
