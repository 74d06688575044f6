"""What a check of a CAPTCHA comes to, whichever method was chosen."""

from __future__ import annotations

from enum import Enum, auto


class Verdict(Enum):
    RIGHT = auto()
    RIGHT_WITHOUT_WORK = auto()
    """The characters are right, and nothing paid for them: such forms have a small budget."""
    MISSING = auto()
    """Neither characters nor work."""
    WRONG = auto()
    EXPIRED = auto()
    """Too old, or not one of ours."""
    REPLAYED = auto()
    """It served already: the form was sent twice, or somebody tries a solution again."""
    OTHER_NETWORK = auto()
    """The task was fetched from another network than the form comes from."""
    TOO_EASY = auto()
    """The task was fetched when less work was enough."""
