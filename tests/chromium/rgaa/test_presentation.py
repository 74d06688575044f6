"""RGAA 4.1, topics 10, 12 and 13 on all pages: presentation, navigation, consultation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.rgaa_faults import faults, faults_of
from tests.support.rgaa_walk import READ_PAGES

pytestmark = pytest.mark.xdist_group("rgaa")
STATIC = Path(__file__).parents[3] / "gateway" / "web" / "static"
NOT_ON_EVERY_PAGE = ("not-found", "result-gone")
SHAPES = re.compile(
    r"\b(à droite|à gauche|ci-contre|bouton (rond|carré|vert|rouge)|en (vert|rouge)|"
    r"on the (left|right)|(green|red|round|square) button)\b",
    re.I,
)
"""Words that point at a place, a shape or a colour."""
GESTURES = re.compile(
    r"[\"'](?:touch\w+|mouse(?:down|up|move)|pointer\w+|device(?:motion|orientation)|dblclick|drag\w+|wheel)[\"']"
)
KEYS = re.compile(r"[\"']key(?:down|up|press)[\"']")


def scripts() -> str:
    """Our own scripts; those of others are judged by what the pages do with them."""
    return "".join(file.read_text(encoding="utf-8") for file in sorted(STATIC.glob("*.js")))


class TestStyles:
    def test_when_they_are_switched_off_then_every_word_is_still_there(self, visits):
        def lost(visit):
            shown = set(re.findall(r"\w+", visit.facts["main"].lower()))
            return sorted(shown - set(re.findall(r"\w+", visit.unstyled.lower())))

        assert faults_of(visits, lost) == []

    def test_when_a_page_is_opened_then_it_declares_text_and_ground(self, visits):
        assert faults(visits, lambda page: [] if page["isStyled"] else ["no colours"]) == []


class TestText:
    def test_when_letters_are_twice_as_big_or_spaced_then_nothing_is_cut_off_or_runs_out(self, visits):
        assert faults_of(visits, lambda visit: visit.clipped) == []

    def test_when_the_window_is_narrow_low_or_in_landscape_then_nobody_scrolls_sideways(self, visits):
        def wide(visit):
            return [(how, pixels) for how, pixels in visit.over.items() if pixels > 0]

        assert faults_of(visits, wide) == []

    def test_when_it_points_at_something_then_not_by_shape_colour_or_place(self, visits):
        assert faults(visits, lambda page: SHAPES.findall(page["text"])) == []


class TestFocus:
    def test_when_somebody_presses_tab_then_each_stop_is_seen(self, visits):
        # The browser draws the focus of the controls inside a player.
        def unseen(visit):
            return [one["what"] for one in visit.focus if not one["outline"] and not one["what"].startswith("<audio")]

        assert faults_of(visits, unseen) == []

    def test_when_somebody_presses_tab_then_the_order_is_that_of_the_page_and_it_ends(self, visits):
        def disordered(visit):
            orders = [one["order"] for one in visit.focus]
            if orders != sorted(orders) or not 5 < len(orders) < 100:
                yield orders

        assert faults_of(visits, disordered) == []
        assert faults(visits, lambda page: ["tabindex"] * page["orders"]) == []

    def test_when_something_is_hidden_from_readers_then_the_keyboard_does_not_reach_it(self, visits):
        assert faults(visits, lambda page: page["hiddenFocusable"]) == []

    def test_when_something_has_the_focus_or_the_pointer_then_no_tooltip_appears(self, visits):
        assert faults(visits, lambda page: page["tooltips"]) == []


class TestNavigation:
    def test_when_the_home_page_is_opened_then_every_page_is_one_link_away(self, visits):
        [home] = [visit for visit in visits if str(visit) == "home-fr"]

        linked = {one["href"] for one in home.facts["links"]}
        pages = {path for name, path in READ_PAGES.items() if name not in NOT_ON_EVERY_PAGE}
        assert pages - linked == set()

    def test_when_pages_are_compared_then_navigation_and_footer_are_the_same(self, visits):
        assert len({tuple(visit.facts["services"]) for visit in visits}) == 1
        assert len({tuple(one for one in visit.facts["footer"] if one.startswith("/")) for visit in visits}) == 1

    def test_when_tab_is_pressed_first_then_a_link_leads_to_the_content_and_is_seen(self, visits):
        def missing(visit):
            first = visit.focus[0]
            if "skip" not in first["what"] or first["height"] < 10 or not visit.facts["skip"]["to"]:
                yield first

        assert faults_of(visits, missing) == []

    def test_when_a_single_key_is_pressed_then_it_is_no_shortcut(self, visits):
        assert faults(visits, lambda page: ["accesskey"] * page["shortcuts"]) == []
        # One script looks at keys, for the state of Caps Lock alone.
        listening = [file for file in STATIC.glob("*.js") if KEYS.search(file.read_text(encoding="utf-8"))]
        assert all("getModifierState" in file.read_text(encoding="utf-8") for file in listening)


class TestConsultation:
    def test_when_a_page_is_open_then_nothing_reloads_it_and_nothing_moves(self, visits):
        assert faults(visits, lambda page: ["refresh"] * page["refreshes"] + ["movement"] * page["movements"]) == []

    def test_when_a_link_is_followed_then_no_window_opens(self, visits):
        assert faults(visits, lambda page: [one for one in page["links"] if one["target"]]) == []
        assert "window.open" not in scripts()

    def test_when_a_file_can_be_downloaded_then_it_is_no_office_document(self, visits):
        office = re.compile(r"\.(pdf|docx?|xlsx?|pptx?|od[tsp]|epub)\b", re.I)

        assert faults(visits, lambda page: [one for one in page["links"] if office.search(one["href"])]) == []

    def test_when_scripts_are_read_then_no_gesture_movement_or_pressed_button_starts_anything(self):
        assert GESTURES.findall(scripts()) == []

    def test_when_scripts_are_read_then_none_leads_to_another_page(self):
        """A form that was sent is another matter: the person pressed its button."""
        assert (
            re.findall(r"location\.(?:assign|replace)|location(?:\.href)? = |history\.(?:back|go)", scripts()) == []
        )
