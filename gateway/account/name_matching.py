"""Comparison of names as people type them with names as the directory has them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import IntEnum

# Letters that NFKD does not decompose.
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_WORD = re.compile(r"[a-z0-9]+")


def tokens(name: str) -> tuple[str, ...]:
    """Split `name` into plain lower-case letters and digits, at all other characters such as hyphens and blanks.

    >>> tokens("D’Artagnan-Lœwy"), tokens("ÉLÉONORE")
    (('d', 'artagnan', 'loewy'), ('eleonore',))
    """
    return tuple(_WORD.findall(name.lower() if name.isascii() else _plain(name)))


def _plain(name: str) -> str:
    return _bare(name.casefold().translate(_LIGATURES)).translate(_LIGATURES)


def _bare(name: str) -> str:
    """Return `name` decomposed (NFKD), without its combining marks.

    It works character by character: over a whole text, `normalize` also sorts each run of marks, which takes time
    quadratic in the length of the run. The marks are removed, so their order does not matter.
    """
    decomposed = (char for whole in name for char in unicodedata.normalize("NFKD", whole))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def normalized(name: str) -> str:
    """Join the `tokens` of `name`. The result is equal for all spellings of one name."""
    return "".join(tokens(name))


def names_match(typed: str, held: Iterable[str]) -> bool:
    """Return whether `typed` is one of the names `held`, or all of them in a row."""
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
"""Words that many people and many directories leave out of surnames."""
_SHORT_FOR = {"st": "saint", "ste": "sainte"}


def surname_parts(name: str) -> tuple[str, ...]:
    """Return the words of a surname that distinguish it from others, each once, in alphabetical order.

    >>> surname_parts("de La Saisie"), surname_parts("St-Exupéry"), surname_parts("Le Roux Lefebvre")
    (('saisie',), ('exupery', 'saint'), ('lefebvre', 'roux'))
    """
    return tuple(sorted(_distinctive(tokens(name))))


def _distinctive(words: Iterable[str]) -> frozenset[str]:
    whole = [_SHORT_FOR.get(word, word) for word in words]
    return frozenset([word for word in whole if word not in _PARTICLES] or whole)


class Likeness(IntEnum):
    """How much a typed surname is like one that the directory has; a greater value is closer."""

    NONE = 0
    PART = 1
    """It is one of two surnames: "Dupont" of "Dupont-Aignan". It may be another person's whole surname."""
    SAME_WORDS = 2
    """The same but for particles; St is Saint, and two surnames, also a birth name and one in use, may have either
    order."""
    SAME = 3
    """The same as `names_match` compares."""


class SurnameMatcher:
    """Compares one typed surname with those of many people."""

    def __init__(self, typed: str) -> None:
        words = tokens(typed)
        self._whole, self._parts = "".join(words), _distinctive(words)

    def likeness(self, held: Iterable[str]) -> Likeness:
        """Return the likeness to the closest of the names `held`, or to several of them together."""
        if not self._whole:
            return Likeness.NONE
        closest, in_a_row, found = Likeness.NONE, "", frozenset[str]()
        for words in map(tokens, held):
            whole = "".join(words)
            if whole == self._whole:
                return Likeness.SAME
            in_a_row += whole
            parts = _distinctive(words)
            if self._parts <= parts:
                closest = max(closest, Likeness.SAME_WORDS if parts == self._parts else Likeness.PART)
            elif parts < self._parts:
                found |= parts
        if in_a_row == self._whole:
            return Likeness.SAME
        return Likeness.SAME_WORDS if found == self._parts else closest

    def is_part_of(self, held: Iterable[str]) -> bool:
        """Return whether one of the names `held` has all words of the typed one: "Leroux" is no part of "Le Roux"."""
        return any(self._parts <= _distinctive(tokens(name)) for name in held)


def is_no_name(typed: str, surname: str) -> bool:
    """Return whether a person without a given name filled in that field with a dash or with the surname."""
    return not normalized(typed) or normalized(typed) == normalized(surname)


MAX_GIVEN_NAMES = 4
"""Maximum words of a typed given name, so that a long list of names does not match everybody."""


def partial_match(typed: str, held: Iterable[str]) -> bool:
    """Return whether `typed` is a part of the given names `held`, or the other way round.

    "Jean" matches "Jean-Pierre", and "Jean-Pierre Marie" matches a directory's "Jean-Pierre". "Jean-Luc" does not
    match "Jean-Pierre": two people who share a first part are different people.
    """
    wanted = tokens(typed)
    known = [word for name in held for word in tokens(name)]
    if not wanted or not known or len(wanted) > MAX_GIVEN_NAMES:
        return False
    return set(wanted) <= set(known) or (wanted[0] == known[0] and set(known) <= set(wanted))
