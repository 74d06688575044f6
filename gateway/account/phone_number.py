"""Phone numbers, which people and directories write in many ways."""

from __future__ import annotations

SIGNIFICANT_DIGITS = 9
"""The last digits, which +33 6 12 34 56 42 and 06 12 34 56 42 share."""


def significant_digits(phone: str) -> str:
    """Return what all spellings of a number share; "" if there is no digit.

    >>> significant_digits("+33 6 12 34 56 42")
    '612345642'
    """
    return "".join(char for char in phone if char.isdecimal())[-SIGNIFICANT_DIGITS:]
