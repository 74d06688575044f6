"""RGAA 4.1, topics 7 to 9 on all pages: scripts, mandatory elements, structure."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.rgaa_faults import faults, faults_of

pytestmark = pytest.mark.xdist_group("rgaa")
ROOT = Path(__file__).parents[3]
VALIDATOR = [ROOT / ".venv/bin/node", ROOT / "node_modules/html-validate/bin/html-validate.mjs"]
CONFIG = ROOT / "tests/support/html-validate.json"
FOREIGN = ("phishing", "user unknown", "mailbox full", "over quota", "message too large", "blocked")
"""English words in the French texts, which are no French words."""
COMMON = {
    "fr": re.compile(r"\b(le|la|les|des|une|vous|votre|est|pour|avec)\b", re.I),
    "en": re.compile(r"\b(the|of|and|your|is|for|with|to|you)\b", re.I),
}


class TestScripts:
    def test_when_something_can_be_operated_then_it_is_an_element_of_html_made_for_it(self, visits):
        assert faults(visits, lambda page: page["imitated"]) == []

    def test_when_elements_are_looked_at_then_none_has_a_handler_that_only_a_mouse_reaches(self, visits):
        assert faults(visits, lambda page: ["handler"] * page["handlers"]) == []

    def test_when_a_form_has_errors_then_they_are_announced(self, visits):
        returned = [visit for visit in visits if visit.name.endswith("-errors")]

        assert len(returned) >= 10
        assert faults(returned, lambda page: [] if page["summary"] and page["statuses"] else ["not announced"]) == []


class TestPage:
    def test_when_it_is_read_then_it_has_the_doctype_of_html_and_no_quirks(self, visits):
        assert (
            faults(visits, lambda page: [] if (page["doctype"], page["mode"]) == ("html", "CSS1Compat") else [page])
            == []
        )

    def test_when_a_validator_judges_its_source_then_it_is_valid_html(self, visits, tmp_path):
        for visit in visits:
            (tmp_path / f"{visit}.html").write_text(visit.source, encoding="utf-8")

        judged = subprocess.run(
            [*VALIDATOR, "--config", CONFIG, "--formatter", "json", "--ext", "html", tmp_path],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

        found = json.loads(judged.stdout or "null")
        assert judged.returncode == 0, found or judged.stderr

    def test_when_a_validator_is_given_a_faulty_page_then_it_says_so(self, tmp_path):
        """Else the test before proves nothing."""
        (tmp_path / "page.html").write_text(
            "<!doctype html><html lang=fr><title>x</title><p id=a></p><p id=a><div></div></html>"
        )

        judged = subprocess.run(
            [*VALIDATOR, "--config", CONFIG, "--formatter", "json", tmp_path / "page.html"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

        assert "no-dup-id" in judged.stdout

    def test_when_its_words_are_counted_then_they_are_in_the_language_that_it_declares(self, visits):
        def other(visit):
            counts = {language: len(words.findall(visit.facts["text"])) for language, words in COMMON.items()}
            if visit.facts["lang"] != visit.language or max(counts, key=lambda one: counts[one]) != visit.language:
                yield counts

        assert faults_of(visits, other) == []

    def test_when_titles_are_compared_then_each_says_its_heading_and_whether_there_are_errors(self, visits):
        def wrong(visit):
            [heading] = [one["text"] for one in visit.facts["headings"] if one["level"] == 1]
            title, has_errors = visit.facts["title"], visit.name.endswith("-errors")
            if re.match("Erreur|Error", title) is None if has_errors else re.match("Erreur|Error", title):
                yield title
            if heading not in title and visit.name != "home":
                yield title, heading

        assert faults_of(visits, wrong) == []

    def test_when_titles_are_compared_then_no_two_pages_share_one(self, visits):
        titles = {visit.name: visit.facts["title"] for visit in visits if visit.language == "fr"}
        pages = {name: title for name, title in titles.items() if not name.endswith("-without-script")}

        assert len(set(pages.values())) == len(pages)

    def test_when_a_french_text_has_english_words_then_they_are_marked(self, visits):
        def unmarked(visit):
            marked = " ".join(one["text"] for one in visit.facts["languages"] if one["lang"] == "en").lower()
            for word in FOREIGN:
                if visit.facts["text"].lower().count(word) != marked.count(word):
                    yield word

        assert faults_of([visit for visit in visits if visit.language == "fr"], unmarked) == []

    def test_when_the_languages_are_offered_then_each_name_is_marked_with_its_own(self, visits):
        def wrong(page):
            return [
                one
                for one in page["languages"]
                if (one["lang"], one["text"].lower()) in (("en", "français"), ("fr", "english"))
            ]

        assert faults(visits, wrong) == []
        assert all({"fr", "en"} <= {one["lang"] for one in visit.facts["languages"]} for visit in visits)

    def test_when_its_source_is_read_then_no_tag_is_there_for_its_looks_and_no_paragraph_is_empty(self, visits):
        assert faults(visits, lambda page: page["presentational"] + page["empty"]) == []

    def test_when_its_source_is_read_then_no_direction_changes(self, visits):
        assert faults(visits, lambda page: ["dir"] * page["directions"]) == []


class TestStructure:
    def test_when_headings_are_listed_then_there_is_one_title_and_no_level_is_left_out(self, visits):
        def wrong(page):
            levels = [one["level"] for one in page["headings"]]
            if levels.count(1) != 1 or not all(one["text"] for one in page["headings"]):
                yield levels
            # The summary of errors is before the title of the page.
            after = levels[levels.index(1) :]
            yield from (pair for pair in pairwise(after) if pair[1] > pair[0] + 1)

        assert faults(visits, wrong) == []

    def test_when_landmarks_are_listed_then_header_main_and_footer_are_there_once_and_each_navigation_is_named(
        self, visits
    ):
        def wrong(page):
            header, navigations, main, footer = page["landmarks"]
            names = page["navigations"]
            if (header, main, footer) != (1, 1, 1) or navigations < 2 or len(set(names)) != len(names):
                yield page["landmarks"], names

        assert faults(visits, wrong) == []

    def test_when_lists_are_read_then_each_is_made_of_its_items_and_none_is_imitated(self, visits):
        assert faults(visits, lambda page: page["listFaults"] + page["imitations"]) == []

    def test_when_quotations_are_searched_then_there_are_none(self, visits):
        assert faults(visits, lambda page: ["quotation"] * page["quotations"]) == []
