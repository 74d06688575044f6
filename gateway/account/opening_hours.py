"""When the helpdesk is open, and when it opens next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

DAYS_AHEAD = 100
"""How far `next_opening` looks: longer than any closure."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Open from `opens` to `closes` on these days of the week (Monday is 0), in the academy's own time."""

    weekdays: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Closure:
    """Closed each year from a day of a month to another one, both included."""

    first: tuple[int, int]
    """Month and day."""
    last: tuple[int, int]

    def covers(self, day: date) -> bool:
        place = day.month, day.day
        if self.first <= self.last:
            return self.first <= place <= self.last
        return place >= self.first or place <= self.last


@dataclass(frozen=True, slots=True)
class OpeningHours:
    openings: Sequence[Opening]
    closures: Sequence[Closure]
    is_holiday: Callable[[date], bool]

    def is_open(self, now: datetime) -> bool:
        return any(opens <= now < closes for opens, closes in self._of(now.date(), now))

    def closes_at(self, now: datetime) -> datetime | None:
        """When the present opening ends; None while closed."""
        return next((closes for opens, closes in self._of(now.date(), now) if opens <= now < closes), None)

    def next_opening(self, now: datetime) -> datetime | None:
        """The first opening after `now`; None where there is none for a long time."""
        for ahead in range(DAYS_AHEAD):
            later = [opens for opens, _ in self._of(now.date() + timedelta(ahead), now) if opens > now]
            if later:
                return min(later)
        return None

    def _of(self, day: date, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        if self.is_holiday(day) or any(closure.covers(day) for closure in self.closures):
            return
        for opening in self.openings:
            if day.weekday() in opening.weekdays:
                yield (
                    datetime.combine(day, opening.opens, now.tzinfo),
                    datetime.combine(day, opening.closes, now.tzinfo),
                )
