"""Printing of directory values on a terminal."""

from __future__ import annotations

import sys


def printable(value: str) -> str:
    """Return `value` with a replacement for each character that standard output cannot show or must not print.

    Control characters are replaced too: a value of the directory could move the cursor or change the colours.
    """
    encoding = sys.stdout.encoding or "ascii"
    if value.isprintable() and (value.isascii() or encoding == "utf-8"):
        return value
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in value)
    return shown.encode(encoding, "replace").decode(encoding)
