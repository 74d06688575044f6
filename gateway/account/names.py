"""Comparing names as people write them with names as a directory holds them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Letters that NFKD leaves whole.
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


def words(name: str) -> tuple[str, ...]:
    """`name` in plain lower-case letters, cut at hyphens, spaces, apostrophes and any other sign.

    >>> words("D’Artagnan-Lœwy"), words("ÉLÉONORE")
    (('d', 'artagnan', 'loewy'), ('eleonore',))
    """
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_LIGATURES))
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return tuple(_BETWEEN_WORDS.sub(" ", bare.translate(_LIGATURES)).split())


def folded(name: str) -> str:
    """`words` run together: equal for all spellings of one name."""
    return "".join(words(name))


def same_name(typed: str, held: Iterable[str]) -> bool:
    """Whether `typed` is one of the names `held`, or all of them in a row."""
    wanted = folded(typed)
    names = tuple(held)
    return bool(wanted) and (any(wanted == folded(name) for name in names) or wanted == folded(" ".join(names)))


MOST_GIVEN_NAMES = 4


def one_of_several(typed: str, held: Iterable[str]) -> bool:
    """Whether `typed` and the given names `held` are one part and the whole of each other.

    "Jean" for "Jean-Pierre", and "Jean-Pierre Marie" where the directory has only "Jean-Pierre". Not "Jean-Luc": two
    people who share a first part are two people. Nor a list of names that fits everybody.
    """
    wanted = words(typed)
    known = [word for name in held for word in words(name)]
    if not wanted or not known or len(wanted) > MOST_GIVEN_NAMES:
        return False
    return set(wanted) <= set(known) or (wanted[0] == known[0] and set(known) <= set(wanted))
