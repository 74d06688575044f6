"""Parsing of birth dates as people type them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum

from gateway.account.name_matching import tokens

_DAY_FIRST = re.compile(r"(\d{1,2})[/\-. ](\d{1,2})[/\-. ](\d{4})")
_ISO = re.compile(r"(\d{4})[/\-. ](\d{1,2})[/\-. ](\d{1,2})")
_EIGHT_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{4})")
_DAY_AND_WORD = re.compile(r"(?:le )?(\d{1,2})(?:er|st|nd|rd|th)? ?([a-z]+) ?(\d{4})")
_WORD_AND_DAY = re.compile(r"([a-z]+) ?(\d{1,2})(?:st|nd|rd|th)? (\d{4})")
_AROUND_SEPARATOR = re.compile(r" ?([/\-. ]) ?")
MIN_BIRTH_YEAR = 1900
MAX_CHARS = 60
"""Maximum characters of a typed date, blanks included; the longest readable date has about half of that."""
MIN_MONTH_CHARS = 3
"""Minimum letters of a month's abbreviation: "jan", "sept". "jui" fits two months and is refused."""
MONTHS = (
    ("janvier", "january"), ("fevrier", "february"), ("mars", "march"), ("avril", "april"), ("mai", "may"),
    ("juin", "june"), ("juillet", "july"), ("aout", "august"), ("septembre", "september"), ("octobre", "october"),
    ("novembre", "november"), ("decembre", "december"),
)  # fmt: skip
"""Names of the months in French and English, without accents."""


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A birth date of which only the year, and perhaps the month, is known: registers write 00/00/1960."""

    year: int
    month: int
    """1 to 12; 0 if it is unknown."""

    def isoformat(self) -> str:
        """Return YYYY-MM-DD with 00 for each unknown part."""
        return f"{self.year:04}-{self.month:02}-00"

    def strftime(self, form: str) -> str:
        """Format the date like `date.strftime`. `form` may contain %Y, %m and %d only."""
        return form.replace("%Y", f"{self.year:04}").replace("%m", f"{self.month:02}").replace("%d", "00")


BirthDate = date | PartialDate


class BirthDateError(Enum):
    """Why a typed birth date was refused."""

    UNREADABLE = "unreadable"
    """It is not a day, a month and a year of four digits."""
    IMPOSSIBLE = "impossible"
    """The calendar has no such day."""
    UNLIKELY = "unlikely"
    """It is in the future or before 1900."""


def read_birth_date(typed: str, today: date) -> BirthDate | BirthDateError:
    """Parse a birth date as people type it.

    It may be 27/03/1985, 27-3-1985, 27.03.1985, 27 03 1985, 27031985, 1985-03-27, 27 mars 1985 or March 27, 1985.
    00/00/1960 and 00/03/1960, as registers write an unknown day, are accepted. A year of two digits is refused,
    because 27/03/55 may be a typing error.
    """
    if len(typed) > MAX_CHARS:
        return BirthDateError.UNREADABLE
    in_one_line = " ".join(typed.split())
    parts = _parts(_AROUND_SEPARATOR.sub(r"\1", in_one_line)) or _parts_with_a_word(" ".join(tokens(typed)))
    if parts is None:
        return BirthDateError.UNREADABLE
    year, month, day = parts
    try:
        earliest = date(year, month, day) if day else date(year, month or 1, 1)
    except ValueError:
        return BirthDateError.IMPOSSIBLE
    if not date(MIN_BIRTH_YEAR, 1, 1) <= earliest <= today:
        return BirthDateError.UNLIKELY
    return earliest if day else PartialDate(year, month)


def _parts(text: str) -> tuple[int, int, int] | None:
    """Return year, month and day of a date in digits."""
    if match := _DAY_FIRST.fullmatch(text) or _EIGHT_DIGITS.fullmatch(text):
        day, month, year = map(int, match.groups())
        return year, month, day
    if match := _ISO.fullmatch(text):
        year, month, day = map(int, match.groups())
        return year, month, day
    return None


def _parts_with_a_word(text: str) -> tuple[int, int, int] | None:
    if match := _DAY_AND_WORD.fullmatch(text):
        day, word, year = match.groups()
    elif match := _WORD_AND_DAY.fullmatch(text):
        word, day, year = match.groups()
    else:
        return None
    months = [number for number, names in enumerate(MONTHS, start=1) if _is_short_for(word, names)]
    return (int(year), months[0], int(day)) if len(months) == 1 else None


def _is_short_for(word: str, names: tuple[str, ...]) -> bool:
    return len(word) >= MIN_MONTH_CHARS and any(name.startswith(word) for name in names)
