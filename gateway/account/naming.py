"""Logins and mail names for new staff: the one rule for the sample and for an import.

Stems hold no digit, so the number that tells homonyms apart can't be mistaken for a part of a name, and two
different stems never meet once numbered.
"""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache
from itertools import count

from gateway.account.names import words

_NOT_LETTERS = re.compile(r"[^a-z]+")


def login_stem(given_name: str, surname: str) -> str:
    """The first letter of the given name and the whole surname, in plain letters.

    Raises ValueError when one of the two has no letter from a to z, accents aside.

    >>> login_stem("Éléonore", "de la Tour")
    'edelatour'
    """
    return "".join(_plain_words(given_name))[0] + "".join(_plain_words(surname))


def mail_stem(given_name: str, surname: str) -> str:
    """What stands before the @: hyphens for all that parts the words of a name.

    Raises ValueError like `login_stem`.

    >>> mail_stem("Jean-Pierre", "D'Artagnan")
    'jean-pierre.d-artagnan'
    """
    return "-".join(_plain_words(given_name)) + "." + "-".join(_plain_words(surname))


def ranked(stem: str, rank: int) -> str:
    """`stem` for the first who bears it, then `stem2`, `stem3`, …"""
    return stem if rank == 1 else f"{stem}{rank}"


def numbered(stem: str, taken: Container[str]) -> str:
    """The first of `stem`, `stem2`, `stem3`, … that is not `taken`, also where a number became free again."""
    return next(name for name in (ranked(stem, rank) for rank in count(1)) if name not in taken)


@lru_cache(maxsize=1 << 15)
def _plain_words(name: str) -> tuple[str, ...]:
    """Remembered: a million people share some ten thousand names."""
    plain = tuple(_NOT_LETTERS.sub(" ", " ".join(words(name))).split())
    if plain:
        return plain
    raise ValueError(f"{name!r} has no letter from a to z to make a login or a mail address of")
