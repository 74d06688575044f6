"""Names as people write them."""

from __future__ import annotations

import pytest

from gateway.account.names import folded, one_of_several, same_name


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
def test_names_when_only_the_spelling_differs_then_they_fold_to_the_same(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize("typed, held", [("", [""]), ("-", ["'"]), ("Durand", []), ("Durant", ["Durand"])])
def test_same_name_when_nothing_or_another_name_is_held_then_it_is_not_the_same(typed, held):
    assert not same_name(typed, held)


def test_same_name_when_several_are_held_then_each_and_all_in_a_row_count():
    assert same_name("Luc", ["Luc", "Antoine"])
    assert same_name("Luc-Antoine", ["Luc", "Antoine"])


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
def test_one_of_several_when_one_is_part_of_the_other_then_it_is_and_else_not(typed, held, is_part):
    assert one_of_several(typed, held) is is_part
