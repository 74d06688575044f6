"""Characters that no password may contain, whatever its entry point."""

from __future__ import annotations

import unicodedata

_CATEGORIES = frozenset({"Cc", "Cs"})
"""Control characters, and surrogates: Python decodes bytes that are not UTF-8 to surrogates (PEP 383)."""


def holds_control_character(text: str) -> bool:
    """Return whether `text` contains a character that cannot be typed and that a program may read as a separator."""
    return any(unicodedata.category(character) in _CATEGORIES for character in text)
