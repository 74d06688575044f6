"""Comparing names as people write them with names as a directory holds them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Letters that NFKD leaves whole.
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


def tokens(name: str) -> tuple[str, ...]:
    """`name` in plain lower-case letters, cut at hyphens, spaces, apostrophes and any other sign.

    >>> words("D’Artagnan-Lœwy"), words("ÉLÉONORE")
    (('d', 'artagnan', 'loewy'), ('eleonore',))
    """
    return tuple(_BETWEEN_WORDS.sub(" ", _bare(name.casefold().translate(_LIGATURES)).translate(_LIGATURES)).split())


def _bare(name: str) -> str:
    """`name` decomposed (NFKD), without its combining marks.

    Character by character: over a whole text, `normalize` also sorts each run of marks, which takes time that is
    quadratic in the length of the run. The marks are left out, so their order does not matter.
    """
    if name.isascii():
        return name
    decomposed = (char for whole in name for char in unicodedata.normalize("NFKD", whole))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def normalized(name: str) -> str:
    """`words` run together: equal for all spellings of one name."""
    return "".join(tokens(name))


def names_match(typed: str, held: Iterable[str]) -> bool:
    """Whether `typed` is one of the names `held`, or all of them in a row."""
    wanted = normalized(typed)
    names = tuple(held)
    return bool(wanted) and (
        any(wanted == normalized(name) for name in names) or wanted == normalized(" ".join(names))
    )


_PARTICLES = frozenset(
    (
        *("d", "da", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du"),
        *("el", "l", "la", "le", "les", "van", "von", "zu"),
    )
)
"""Left out of surnames by many people and many directories."""
_SHORT_FOR = {"st": "saint", "ste": "sainte"}


def surname_parts(name: str) -> tuple[str, ...]:
    """The words of a surname that tell it from others, each once, in the order of the alphabet.

    >>> surname_parts("de La Saisie"), surname_parts("St-Exupéry"), surname_parts("Le Roux Lefebvre")
    (('saisie',), ('exupery', 'saint'), ('lefebvre', 'roux'))
    """
    whole = [_SHORT_FOR.get(word, word) for word in tokens(name)]
    return tuple(sorted(set([word for word in whole if word not in _PARTICLES] or whole)))


def same_surname(typed: str, held: Iterable[str]) -> bool:
    """As `same_name`, without particles, with St for Saint, and two surnames in either order."""
    wanted = surname_parts(typed)
    return bool(wanted) and any(wanted == surname_parts(name) for name in held)


def part_of_surname(typed: str, held: Iterable[str]) -> bool:
    """Whether `typed` is one of two surnames: "Dupont" of "Dupont-Aignan". It may be another person's whole name."""
    wanted = set(surname_parts(typed))
    return bool(wanted) and any(wanted <= set(surname_parts(name)) for name in held)


def is_no_name(typed: str, surname: str) -> bool:
    """Whether a person without a given name filled in the field for it: a dash, or the surname once more."""
    return not normalized(typed) or normalized(typed) == normalized(surname)


MAX_GIVEN_NAMES = 4


def partial_match(typed: str, held: Iterable[str]) -> bool:
    """Whether `typed` and the given names `held` are one part and the whole of each other.

    "Jean" for "Jean-Pierre", and "Jean-Pierre Marie" where the directory has only "Jean-Pierre". Not "Jean-Luc": two
    people who share a first part are two people. Nor a list of names that fits everybody.
    """
    wanted = tokens(typed)
    known = [word for name in held for word in tokens(name)]
    if not wanted or not known or len(wanted) > MAX_GIVEN_NAMES:
        return False
    return set(wanted) <= set(known) or (wanted[0] == known[0] and set(known) <= set(wanted))
