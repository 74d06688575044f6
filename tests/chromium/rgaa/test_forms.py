"""RGAA 4.1, topic 11 on all pages: forms."""

from __future__ import annotations

import pytest

from tests.support.rgaa_faults import faults, faults_of

pytestmark = pytest.mark.xdist_group("rgaa")
MAX_LABEL_GAP = 200
"""Pixels between a label and its field; its hint and its error are between them."""
TOKENS = {
    "surname": "family-name",
    "given_name": "given-name",
    "birth_date": "bday",
    "login": "username",
    "current_password": "current-password",
    "new_password": "new-password",
    "confirmation": "new-password",
    "code": "one-time-code",
}
"""Fields about the person, each with its token of HTML."""
OTHERS = {"proof", "captcha", "channel", "recherche", "captcha_method"}
"""Fields for which HTML has no token, and those that are not about the person."""
CHOICES = ("radio", "checkbox")


class TestLabels:
    def test_when_fields_are_listed_then_each_has_a_label_that_is_shown(self, visits):
        assert (
            faults(
                visits, lambda page: [one for one in page["fields"] if not one["label"] or not one["isLabelShown"]]
            )
            == []
        )

    def test_when_a_field_is_on_several_pages_then_its_label_is_the_same(self, visits):
        labels: dict[tuple[str, str], set[str]] = {}
        for visit in visits:
            for field in visit.facts["fields"]:
                if field["type"] not in CHOICES:
                    labels.setdefault((visit.language, field["name"]), set()).add(field["label"])

        assert {name: words for name, words in labels.items() if len(words) > 1} == {}

    def test_when_a_label_is_measured_then_it_is_above_its_field_or_beside_its_choice(self, visits):
        def far(page):
            for field in page["fields"]:
                gap = field["place"]["top"] - field["labelPlace"]["bottom"]
                aside = field["labelPlace"]["left"] - field["place"]["left"]
                if field["type"] in CHOICES:
                    if not 0 < aside < 60:
                        yield field["name"], aside
                elif not (0 <= gap < MAX_LABEL_GAP and abs(aside) < 30):
                    yield field["name"], gap, aside

        assert faults(visits, far) == []


class TestGroups:
    def test_when_choices_belong_together_then_a_legend_names_them(self, visits):
        assert (
            faults(
                visits, lambda page: [one for one in page["fields"] if one["type"] in CHOICES and not one["group"]]
            )
            == []
        )
        assert faults(visits, lambda page: [one for one in page["groups"] if not one]) == []

    def test_when_lists_of_choices_are_searched_then_there_are_none(self, visits):
        assert faults(visits, lambda page: ["select"] * page["choices"]) == []


class TestButtons:
    def test_when_listed_then_each_has_a_name_of_its_own(self, visits):
        def wrong(page):
            names = [one["name"] for one in page["buttons"] if not one["hidden"]]
            return [name for name in names if not name or names.count(name) > 1]

        assert faults(visits, wrong) == []


class TestRequiredFields:
    def test_when_there_are_several_then_each_is_described_by_the_sentence_that_says_so(self, visits):
        sentence = {"fr": "Tous les champs doivent être renseignés", "en": "All fields must be filled in"}

        def unsaid(visit):
            required = [one for one in visit.facts["fields"] if one["required"]]
            for field in required if len(required) > 1 else ():
                if not any(words.startswith(sentence[visit.language]) for words in field["described"]):
                    yield field["name"], field["described"]

        assert faults_of(visits, unsaid) == []
        assert sum(len(visit.facts["fields"]) > 1 for visit in visits) > 10

    def test_when_a_field_is_described_then_what_describes_it_is_there(self, visits):
        assert faults(visits, lambda page: [one["name"] for one in page["fields"] if "?" in one["described"]]) == []


class TestErrors:
    def test_when_a_field_is_wrong_then_it_says_so_names_the_reason_and_the_summary_leads_to_it(self, visits):
        def wrong(page):
            invalid = [one for one in page["fields"] if one["invalid"] == "true"]
            if len(invalid) != len(page["errors"]):
                yield len(invalid), page["errors"]
            reached = {one["to"].removeprefix("#") for one in page["summary"]}
            for field in invalid:
                if not any(words.startswith(("Erreur", "Error")) for words in field["described"]):
                    yield field["name"], field["described"]
                if field["name"] not in reached:
                    yield field["name"], reached

        returned = [visit for visit in visits if visit.name.endswith("-errors")]
        assert faults(returned, wrong) == []
        assert all(visit.facts["errors"] for visit in returned)

    def test_when_a_date_is_missing_then_the_error_gives_an_example(self, visits):
        found = [visit for visit in visits if visit.name in ("find-errors", "reset-errors")]

        assert len(found) == 4
        assert all("27/03/1985" in " ".join(visit.facts["errors"]) for visit in found)


class TestPasswords:
    def test_when_one_is_chosen_then_it_is_typed_twice(self, visits):
        """It replaces another for good: the second field is the confirmation that criterion 11.12 asks for."""
        choosing = [visit for visit in visits if visit.name in ("change", "choose", "change-without-script")]

        assert len(choosing) == 6
        assert all(
            {"new_password", "confirmation"} <= {one["name"] for one in visit.facts["fields"]} for visit in choosing
        )


class TestAutocomplete:
    def test_when_a_field_is_about_the_person_then_its_token_says_which(self, visits):
        def wrong(page):
            for field in page["fields"]:
                if field["name"] not in OTHERS and TOKENS.get(field["name"]) != field["autocomplete"]:
                    yield field["name"], field["autocomplete"]

        assert faults(visits, wrong) == []
        assert set(TOKENS) <= {one["name"] for visit in visits for one in visit.facts["fields"]}
