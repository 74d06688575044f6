"""One question of `mamia setup`, and how the answers that people type are read and shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.checks.finding import Finding
from gateway.setup.console import NONE
from gateway.setup.session import Session

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_OF_YEAR = r"\d\d-\d\d"
CLOSURE = re.compile(rf"(?P<first>{DAY_OF_YEAR})(?: +to +(?P<last>{DAY_OF_YEAR}))?")
HOURS = re.compile(r"(?P<days>[a-z,-]+) +(?P<opens>\d?\d:\d\d) *- *(?P<closes>\d?\d:\d\d)")


def _always(_session: Session) -> bool:
    return True


def _untried(_session: Session) -> Iterable[Finding]:
    return ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question, which decides one setting."""

    key: str
    """The setting; {target} is replaced by the name of the workstation target."""
    text: str
    help: str
    read: Callable[[str], Any] = str
    """From what was typed to the value. Raises ValueError with what is wrong, as a sentence."""
    show: Callable[[Any], str] = str
    attempt: Callable[[Session], Iterable[Finding]] = _untried
    when: Callable[[Session], bool] = _always
    is_secret: bool = False
    """The setting names a file; what is typed is the content of that file, and is not shown."""

    is_needed: bool = False
    """There is a default, but it is only an example."""

    def full_key(self, session: Session) -> str:
        """Return the key in the settings."""
        return self.key.format(target=session.target)

    def default(self, session: Session) -> str:
        """Return the present answer or the proposal as text; "" if there is none."""
        value = session.value(self.full_key(session))
        return "" if value is None else self.show(value)


@dataclass(frozen=True, slots=True)
class Group:
    """Questions about one thing, below one heading."""

    title: str
    questions: Sequence[Question]


def words(text: str) -> list[str]:
    """Read values that are separated by blanks or commas."""
    return [] if text == NONE else re.split(r"[\s,]+", text.strip())


def dns(text: str) -> list[str]:
    """Read DNs that are separated by semicolons or blanks."""
    return [] if text == NONE else [one.strip() for one in re.split(r"[;\s]+(?=\w+=)", text.strip()) if one.strip()]


def show_list(values: Iterable[Any]) -> str:
    """Return the values with blanks between them; "none" for no value."""
    return " ".join(map(str, values)) or NONE


def optional(text: str) -> str | None:
    """Read a text that may be absent."""
    return None if text == NONE else text


def number(text: str) -> int:
    """Read a number. Raises ValueError."""
    if not text.isdecimal():
        raise ValueError("is not a number")
    return int(text)


def yes_or_no(text: str) -> bool:
    """Read yes or no. Raises ValueError."""
    if text.lower() not in ("y", "yes", "n", "no", "true", "false"):
        raise ValueError("is neither yes nor no")
    return text.lower() in ("y", "yes", "true")


def show_yes(value: bool) -> str:
    """Return yes or no."""
    return "yes" if value else "no"


def openings(text: str) -> list[dict[str, Any]]:
    """Read hours such as "mon-fri 08:30-12:30, mon-thu 13:30-17:00". Raises ValueError.

    >>> openings("mon-fri 8:30-17:00")
    [{'days': ['mon', 'tue', 'wed', 'thu', 'fri'], 'opens': '08:30', 'closes': '17:00'}]
    """
    if text == NONE:
        return []
    found = []
    for part in re.split(r"(?<=\d)\s*[,;]\s*", text.strip()):
        match = HOURS.fullmatch(part.strip())
        if not match:
            raise ValueError("is not written as mon-fri 08:30-12:30, mon-thu 13:30-17:00")
        opens, closes = (match[name].rjust(5, "0") for name in ("opens", "closes"))
        found.append({"days": _days(match["days"]), "opens": opens, "closes": closes})
    return found


def show_openings(values: Iterable[dict[str, Any]]) -> str:
    """Return opening hours as `openings` reads them."""
    shown = [f"{_show_days(one['days'])} {one['opens']!s:.5}-{one['closes']!s:.5}" for one in values]
    return ", ".join(shown) or NONE


def closures(text: str) -> list[dict[str, str]]:
    """Read days of each year such as "07-15 to 08-18, 05-31", month before day. Raises ValueError.

    >>> closures("12-25 to 01-01")
    [{'first': '12-25', 'last': '01-01'}]
    """
    if text == NONE:
        return []
    found = []
    for part in re.split(r"\s*[,;]\s*", text.strip()):
        match = CLOSURE.fullmatch(part)
        if not match:
            raise ValueError("is not written as 07-15 to 08-18, 05-31")
        found.append({"first": match["first"], "last": match["last"] or match["first"]})
    return found


def show_closures(values: Iterable[dict[str, str]]) -> str:
    """Return closures as `closures` reads them."""
    shown = [one["first"] if one["first"] == one["last"] else f"{one['first']} to {one['last']}" for one in values]
    return ", ".join(shown) or NONE


def _days(text: str) -> list[str]:
    days: list[str] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"knows no day {part}: mon, tue, wed, thu, fri, sat, sun")
        days += DAYS[DAYS.index(first) : DAYS.index(last or first) + 1]
    return days


def _show_days(days: Sequence[str]) -> str:
    if len(days) > 2 and list(days) == list(DAYS[DAYS.index(days[0]) :][: len(days)]):
        return f"{days[0]}-{days[-1]}"
    return ",".join(days)
