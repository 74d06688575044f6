"""Results of a CAPTCHA check, for all methods."""

from __future__ import annotations

from enum import Enum, auto


class Verdict(Enum):
    """Result of a check."""

    RIGHT = auto()
    RIGHT_WITHOUT_WORK = auto()
    """The characters are right, without proof of work; such forms have a small rate limit."""
    MISSING = auto()
    """The form brought neither characters nor proof of work."""
    WRONG = auto()
    EXPIRED = auto()
    """It is too old, or was not issued by us."""
    REPLAYED = auto()
    """It was used already: the form was sent twice, or somebody reuses a solution."""
    OTHER_NETWORK = auto()
    """The task was requested from another network than the form."""
    TOO_EASY = auto()
    """The task was issued when less work was enough."""
