"""Values of the directory on a terminal."""

from __future__ import annotations

import sys


def printable(value: str) -> str:
    """What the directory holds must neither move the cursor nor be more than this terminal can show."""
    encoding = sys.stdout.encoding or "ascii"
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in value)
    return shown.encode(encoding, "replace").decode(encoding)
