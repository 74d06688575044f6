"""The helpdesk's opening hours: whether it is open, and when it opens next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

DAYS_AHEAD = 366
"""Days that `next_opening` searches: a helpdesk that does not open within a year does not open."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Hours from `opens` to `closes` on these days of the week (Monday is 0), in the academy's time zone."""

    weekdays: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Closure:
    """Days of each year on which the helpdesk is closed, first and last day included."""

    first: tuple[int, int]
    """Month and day."""
    last: tuple[int, int]
    """Month and day; before `first` if the closure passes the new year."""

    def covers(self, day: date) -> bool:
        """Return whether the helpdesk is closed on `day`."""
        place = day.month, day.day
        if self.first <= self.last:
            return self.first <= place <= self.last
        return place >= self.first or place <= self.last


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The opening hours of the helpdesk, with its closures and the public holidays."""

    openings: Sequence[Opening]
    closures: Sequence[Closure]
    is_holiday: Callable[[date], bool]

    def is_open(self, now: datetime) -> bool:
        """Return whether the helpdesk is open at `now`, which has the academy's time zone."""
        return any(opens <= now < closes for opens, closes in self._of(now.date(), now))

    def closes_at(self, now: datetime) -> datetime | None:
        """Return when the helpdesk closes, also if other hours begin before these end; None while it is closed."""
        spans = list(self._of(now.date(), now))
        closes = None
        while later := max((end for start, end in spans if start <= (closes or now) < end), default=None):
            closes = later
        return closes

    def next_opening(self, now: datetime) -> datetime | None:
        """Return the start of the first opening after `now`; None if there is none within DAYS_AHEAD days."""
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
