"""Characters that no password may hold, wherever it comes from."""

from __future__ import annotations

import unicodedata

_CATEGORIES = frozenset({"Cc", "Cs"})
"""Control characters, and surrogates: these are what bytes that are no UTF-8 are read as (PEP 383)."""


def holds_control_character(text: str) -> bool:
    """Whether nobody could type `text` at a login, and a program might read more in it than one value."""
    return any(unicodedata.category(character) in _CATEGORIES for character in text)
