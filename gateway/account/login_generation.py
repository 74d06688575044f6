"""Logins and mail names for new staff, and full names after a new surname: the one rule for the sample and an import.

Stems hold no digit, so the number that tells homonyms apart can't be mistaken for a part of a name, and two
different stems never meet once numbered.
"""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache
from itertools import count

from gateway.account.name_matching import normalized, tokens

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


MAX_FULL_NAME_CHARS = 256
"""A longer text is left as it is: looking for a name in it takes time that is quadratic in its words."""


def renamed(full_name: str, old: str, new: str) -> str:
    """`full_name` with `new` in place of the last words that spell `old`, in capitals where they were.

    The same text where it does not hold `old`, however spelt.

    >>> renamed("GIROU Chloé", "Girou", "Laroche"), renamed("Mme Zoé Le Fevre", "Le Fèvre", "Noël")
    ('LAROCHE Chloé', 'Mme Zoé Noël')
    """
    wanted, parts = normalized(old), full_name.split()
    if not wanted or len(full_name) > MAX_FULL_NAME_CHARS:
        return full_name
    for start in reversed(range(len(parts))):
        for end in range(start + 1, len(parts) + 1):
            found = " ".join(parts[start:end])
            if normalized(found) == wanted:
                return " ".join([*parts[:start], new.upper() if found.isupper() else new, *parts[end:]])
    return full_name


@lru_cache(maxsize=1 << 15)
def _plain_words(name: str) -> tuple[str, ...]:
    """Remembered: a million people share some ten thousand names."""
    plain = tuple(_NOT_LETTERS.sub(" ", " ".join(tokens(name))).split())
    if plain:
        return plain
    raise ValueError(f"{name!r} has no letter from a to z to make a login or a mail address of")
