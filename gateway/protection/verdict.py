"""What a check of a CAPTCHA comes to, whichever way was chosen."""

from __future__ import annotations

from enum import Enum, auto


class Verdict(Enum):
    RIGHT = auto()
    WRONG = auto()
    EXPIRED = auto()
    """Too old, or not one of ours."""
    SPENT = auto()
    """It served already: the form was sent twice, or somebody tries a solution again."""
