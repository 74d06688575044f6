"""A birth date as people type it."""

from __future__ import annotations

import re
from datetime import date
from enum import Enum

_DAY_FIRST = re.compile(r"(\d{1,2})[/\-. ](\d{1,2})[/\-. ](\d{4})")
_ISO = re.compile(r"(\d{4})[/\-. ](\d{1,2})[/\-. ](\d{1,2})")
_EIGHT_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{4})")
OLDEST_YEAR = 1900


class DateFault(Enum):
    UNREADABLE = "unreadable"
    """Not a day, a month and a year of four digits."""
    IMPOSSIBLE = "impossible"
    """No such day in the calendar."""
    UNLIKELY = "unlikely"
    """In the future or before 1900."""


def read_birth_date(typed: str, today: date) -> date | DateFault:
    """27/03/1985, 27-03-1985, 27.03.1985, 27 03 1985, 27031985 or 1985-03-27.

    A year of two digits is refused: 27/03/55 may be a person or a slip.
    """
    text = re.sub(r"\s*([/\-. ])\s*", r"\1", typed.strip())
    if match := _DAY_FIRST.fullmatch(text) or _EIGHT_DIGITS.fullmatch(text):
        day, month, year = (int(part) for part in match.groups())
    elif match := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
    else:
        return DateFault.UNREADABLE
    try:
        read = date(year, month, day)
    except ValueError:
        return DateFault.IMPOSSIBLE
    return read if date(OLDEST_YEAR, 1, 1) <= read <= today else DateFault.UNLIKELY
