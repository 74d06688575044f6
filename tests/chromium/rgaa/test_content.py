"""RGAA 4.1, topics 1 to 6 on all pages: images, frames, colours, multimedia, tables, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.rgaa_faults import faults, faults_of

pytestmark = pytest.mark.xdist_group("rgaa")
MIN_CONTRAST = 3
"""Of the edge of a field against what is around it (criterion 3.3)."""
NATIVE_EDGES = ("radio", "checkbox")
"""The browser draws their edges, and nothing changes them (a special case of criterion 3.3)."""
VAGUE = re.compile(
    r"^(ici|cliquez ici|lire la suite|en savoir plus|plus|lien|here|click here|read more|more|link)$", re.I
)
STYLES = Path(__file__).parents[3] / "gateway" / "web" / "styles"


def signs_of(block: str) -> dict[str, str]:
    """From a state of a rule to the sign that the stylesheet puts before it."""
    return dict(re.findall(r"\.rules \.(\w+)::before \{ content: \"(.)\"", block))


def ambiguous(page):
    """The names that several links of a page share although they lead to different places."""
    places: dict[str, set[str]] = {}
    for link in page["links"]:
        places.setdefault(link["name"].strip(), set()).add(link["href"].split("?")[0])
    return [(name, where) for name, where in places.items() if len(where) > 1]


class TestImages:
    def test_when_all_are_looked_at_then_each_has_an_alternative_and_no_tooltip(self, visits):
        assert (
            faults(visits, lambda page: [one for one in page["images"] if one["alt"] is None or one["title"]]) == []
        )

    def test_when_one_is_a_check_against_robots_then_its_alternative_says_what_it_is_and_names_the_other_way(
        self, visits
    ):
        pictures = {
            (visit.language, image["alt"])
            for visit in visits
            for image in visit.facts["images"]
            if image["id"] == "captcha-image"
        }

        assert {language for language, _ in pictures} == {"fr", "en"}
        assert all(re.search("écouter|listen", alternative) for _, alternative in pictures)

    def test_when_a_check_against_robots_is_a_picture_then_it_can_be_listened_to(self, visits):
        shown = [visit for visit in visits if any(one["id"] == "captcha-image" for one in visit.facts["images"])]

        assert len(shown) == 6
        assert all(visit.facts["media"] for visit in shown)

    def test_when_a_picture_is_drawn_in_another_way_then_it_is_none_that_informs(self, visits):
        assert faults(visits, lambda page: page["pictures"] + page["backgrounds"]) == []


class TestFrames:
    def test_when_searched_then_there_are_none(self, visits):
        assert faults(visits, lambda page: ["frame"] * page["frames"]) == []


class TestColours:
    def test_when_a_rule_is_kept_or_broken_then_a_sign_says_so_beside_the_colour(self):
        signs = signs_of("".join(file.read_text(encoding="utf-8") for file in STYLES.glob("*.scss")))

        assert {"kept", "broken"} <= set(signs)
        assert len(set(signs.values())) == len(signs)

    def test_when_the_edge_of_a_field_is_measured_then_it_is_seen_in_light_and_dark_mode(self, visits):
        def faint(visit):
            for field, dark in zip(visit.facts["fields"], visit.dark_edges, strict=True):
                if field["type"] not in NATIVE_EDGES and min(field["edge"], dark) < MIN_CONTRAST:
                    yield field["name"], field["edge"], dark

        assert faults_of(visits, faint) == []


class TestMedia:
    def test_when_one_is_there_then_it_is_named_has_controls_and_waits_for_the_person(self, visits):
        def wrong(page):
            return [
                one
                for one in page["media"]
                if one["tag"] != "AUDIO" or not one["controls"] or one["starts"] or not one["name"]
            ]

        assert faults(visits, wrong) == []


class TestTables:
    def test_when_searched_then_there_are_none(self, visits):
        assert faults(visits, lambda page: ["table"] * page["tables"]) == []


class TestLinks:
    def test_when_read_alone_then_each_has_a_name_that_says_something(self, visits):
        assert faults(visits, lambda page: [one for one in page["links"] if len(one["name"]) < 2]) == []
        assert faults(visits, lambda page: [one for one in page["links"] if VAGUE.match(one["name"].strip())]) == []

    def test_when_two_of_a_page_have_the_same_name_then_they_lead_to_the_same_place(self, visits):
        assert faults([visit for visit in visits if visit.name != "help"], ambiguous) == []

    def test_when_the_helpdesk_can_be_written_to_then_no_link_is_called_like_a_service(self, visits):
        assert faults([visit for visit in visits if visit.name == "help"], ambiguous) == []

    def test_when_one_is_inside_a_text_then_it_is_underlined(self, visits):
        def plain(page):
            return [one for one in page["links"] if one["inText"] and not one["underlined"]]

        assert faults(visits, plain) == []
