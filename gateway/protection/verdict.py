"""What a check of a CAPTCHA comes to, whichever way was chosen."""

from __future__ import annotations

from enum import Enum, auto


class Verdict(Enum):
    RIGHT = auto()
    WRONG = auto()
    EXPIRED = auto()
    """Too old, spent already, or not one of ours."""
