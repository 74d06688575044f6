"""Names as people write them."""

from __future__ import annotations

import pytest

from gateway.account.name_matching import Likeness, SurnameMatcher, names_match, normalized, partial_match


class TestNames:
    @pytest.mark.parametrize(
        "one, other",
        [
            ("Lefèvre", "LEFEVRE"),
            ("D’Artagnan", "d'artagnan"),
            ("Saint-Exupéry", "saint exupery"),
            ("Cœur", "COEUR"),
            ("Ægir", "aegir"),
            ("Straße", "STRASSE"),
            ("E\u0301mile", "Émile"),
            ("Łukasz", "Lukasz"),
            ("  Le   Goff ", "le goff"),
        ],
    )
    def test_when_only_the_spelling_differs_then_they_fold_to_the_same(self, one, other):
        assert normalized(one) == normalized(other)


class TestSameName:
    @pytest.mark.parametrize("typed, held", [("", [""]), ("-", ["'"]), ("Durand", []), ("Durant", ["Durand"])])
    def test_when_nothing_or_another_name_is_held_then_it_is_not_the_same(self, typed, held):
        assert not names_match(typed, held)

    def test_when_several_are_held_then_each_and_all_in_a_row_count(self):
        assert names_match("Luc", ["Luc", "Antoine"])
        assert names_match("Luc-Antoine", ["Luc", "Antoine"])


class TestOneOfSeveral:
    @pytest.mark.parametrize(
        "typed, held, is_part",
        [
            ("Jean", ["Jean-Pierre"], True),
            ("Jean Pierre Marie", ["Jean-Pierre"], True),
            ("Jean-Luc", ["Jean-Pierre"], False),
            ("Je", ["Jean-Pierre"], False),
            ("Marie Jean Pierre", ["Jean-Pierre"], False),
            ("Jean Pierre Marie Luc Paul", ["Jean"], False),
            ("", ["Jean"], False),
        ],
    )
    def test_when_one_is_part_of_the_other_then_it_is_and_else_not(self, typed, held, is_part):
        assert partial_match(typed, held) is is_part


class TestLikeness:
    @pytest.mark.parametrize(
        "typed, held, likeness",
        [
            ("Lefevre", ["Durand", "LEFÈVRE"], Likeness.SAME),
            ("Le Goff", ["Legoff"], Likeness.SAME),
            ("Dupont Aignan", ["Dupont", "Aignan"], Likeness.SAME),
            ("La Saisie", ["de La Saisie"], Likeness.SAME_WORDS),
            ("St-Exupéry", ["de Saint-Exupery"], Likeness.SAME_WORDS),
            ("Lefebvre Roux", ["Roux-Lefebvre"], Likeness.SAME_WORDS),
            ("Le Roux Lefebvre", ["Lefebvre", "Le Roux"], Likeness.SAME_WORDS),
            ("Béranger-Garcia Lopez", ["Garcia-Lopez", "Béranger"], Likeness.SAME_WORDS),
            ("Lefebvre Le Roux Martin", ["Lefebvre", "Le Roux"], Likeness.NONE),
            ("Dupont", ["Dupont-Aignan"], Likeness.PART),
            ("Dupont", ["Dupont-Aignan", "de Dupont"], Likeness.SAME_WORDS),
            ("Dupont-Aignan", ["Dupont"], Likeness.NONE),
            ("Le", ["Le Goff"], Likeness.NONE),
            ("Durand", [], Likeness.NONE),
            ("-", ["'"], Likeness.NONE),
        ],
    )
    def test_when_a_surname_is_compared_then_the_closest_of_those_held_counts(self, typed, held, likeness):
        assert SurnameMatcher(typed).likeness(held) is likeness

    def test_when_it_is_only_the_letters_in_a_row_then_it_is_the_same_and_no_part(self):
        matcher = SurnameMatcher("Leroux")

        assert matcher.likeness(["Le Roux"]) is Likeness.SAME
        assert not matcher.is_part_of(["Le Roux"])
        assert matcher.is_part_of(["Leroux-Martin"])
