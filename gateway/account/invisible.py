"""Invisible characters that come with copy and paste: zero-width spaces, direction marks."""

from __future__ import annotations

import unicodedata

_FORMAT = "Cf"
"""Unicode's category of format characters (Unicode Standard, section 4.5)."""


def holds_invisible_character(text: str) -> bool:
    """Return whether `text` contains a format character (category Cf)."""
    return any(unicodedata.category(character) == _FORMAT for character in text)


def without_invisible(text: str) -> str:
    """Return a typed name, login or number without format characters and outer blanks.

    >>> without_invisible(" fdurand4\\u200b"), without_invisible("\\ufeff27/03/\\u200e1985")
    ('fdurand4', '27/03/1985')
    """
    if text.isprintable():
        # Format characters are not printable, so there is none: the way of nearly all texts.
        return text.strip()
    return "".join(character for character in text if unicodedata.category(character) != _FORMAT).strip()
