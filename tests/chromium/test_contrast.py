"""What must be seen can be seen: in light, in dark, and with the colours that a person's system forces."""

from __future__ import annotations

import pytest

from tests.support.browser import CHANGE
from tests.support.contrast import low_contrasts
from tests.support.page_actions import change, send
from tests.support.slapd_server import PASSWORD

MODES = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"color_scheme": "light", "forced_colors": "active"},
    {"color_scheme": "dark", "forced_colors": "active"},
]
names = ["light", "dark", "forced-light", "forced-dark"]


@pytest.fixture(params=MODES, ids=names)
def mode(request):
    return request.param


class TestForm:
    @pytest.mark.parametrize("width", [360, 1280])
    def test_when_it_has_errors_then_borders_focus_and_links_are_strong_enough(self, open_page, serve, mode, width):
        page = open_page(viewport={"width": width, "height": 900}, **mode)
        page.goto(serve() + CHANGE)
        send(page)
        page.focus("#login")

        assert page.locator(".faulty").count() == 4
        assert low_contrasts(page) == []

    @pytest.mark.parametrize("colour", ["#ffe000", "#7f7f7f"])
    def test_when_the_academy_has_a_colour_of_its_own_then_they_are_too(self, open_page, serve, mode, colour):
        page = open_page(**mode)
        page.goto(serve(academy={"brand_colour": colour}) + CHANGE)
        page.focus("#login")

        assert low_contrasts(page) == []


class TestResult:
    def test_when_a_password_is_changed_then_its_borders_and_links_are_strong_enough(
        self, open_page, serve, directory, mode
    ):
        directory.add_person("fdurand4")
        page = open_page(**mode)
        change(page, serve() + CHANGE, PASSWORD, "Nouveau-2025")
        page.wait_for_selector(".alert-success")

        assert low_contrasts(page) == []


class TestForcedColours:
    def test_when_forced_then_only_the_present_page_and_section_are_marked(self, open_page, serve):
        page = open_page(forced_colors="active")
        page.goto(serve() + CHANGE)
        page.focus("#login")

        widths = "all => all.map(one => parseFloat(getComputedStyle(one).borderBottomWidth))"
        assert sorted(page.locator(".services-nav a").evaluate_all(widths)) == [0, 0, 0, 0, 3]
        left = "all => all.map(one => parseFloat(getComputedStyle(one).borderLeftWidth))"
        assert set(page.locator("aside .beside:not([aria-current])").evaluate_all(left)) == {0}
        assert page.locator("aside [aria-current]").evaluate_all(left) == [4]
