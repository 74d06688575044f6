"""Logins and mail names for new staff, and full names after a new surname; used by sample people and by the import.

Stems contain no digit. So the number that tells homonyms apart is never mistaken for a part of a name, and two
different stems stay different after numbering.
"""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache
from itertools import count

from gateway.account.name_matching import normalized, tokens

_NOT_LETTERS = re.compile(r"[^a-z]+")


def login_stem(given_name: str, surname: str) -> str:
    """Return the first letter of the given name and the whole surname, in letters from a to z.

    Raises ValueError if one of the two has no letter from a to z after accents are removed.

    >>> login_stem("Éléonore", "de la Tour")
    'edelatour'
    """
    return "".join(_plain_words(given_name))[0] + "".join(_plain_words(surname))


def mail_stem(given_name: str, surname: str) -> str:
    """Return the part before the @: words of a name are joined by hyphens, the two names by a dot.

    Raises ValueError like `login_stem`.

    >>> mail_stem("Jean-Pierre", "D'Artagnan")
    'jean-pierre.d-artagnan'
    """
    return "-".join(_plain_words(given_name)) + "." + "-".join(_plain_words(surname))


def ranked(stem: str, rank: int) -> str:
    """Return `stem` for rank 1, then `stem2`, `stem3`, …"""
    return stem if rank == 1 else f"{stem}{rank}"


def numbered(stem: str, taken: Container[str]) -> str:
    """Return the first of `stem`, `stem2`, `stem3`, … that is not in `taken`.

    A number that became free is used again.
    """
    return next(name for name in (ranked(stem, rank) for rank in count(1)) if name not in taken)


MAX_FULL_NAME_CHARS = 256
"""Longer texts are returned unchanged, because the search for a name takes time quadratic in the number of words."""


def renamed(full_name: str, old: str, new: str) -> str:
    """Return `full_name` with `new` instead of the last words that spell `old`, in capitals if they were in capitals.

    The text is unchanged if it does not contain `old` in any spelling.

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


@lru_cache(maxsize=1 << 12)
def _plain_words(name: str) -> tuple[str, ...]:
    """Return the words of `name` in letters from a to z. Cached: people share a few thousand given names."""
    plain = tuple(_NOT_LETTERS.sub(" ", " ".join(tokens(name))).split())
    if plain:
        return plain
    raise ValueError(f"{name!r} has no letter from a to z to make a login or a mail address of")
