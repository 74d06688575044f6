"""When the helpdesk is open, in words and as a calendar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
from flask import Flask, Response
from icalendar import Calendar, Event

from gateway.account import opening_hours
from gateway.account.opening_hours import OpeningHours
from gateway.settings import Settings
from gateway.settings.support import DAYS, Opening, Support

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
BYDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""As iCalendar names the days (RFC 5545, 3.3.10)."""
YEARS_AHEAD = 1


class Helpdesk:
    def __init__(self, settings: Settings) -> None:
        self.support = settings.support
        self.zone = ZoneInfo(settings.academy.timezone)
        self.academy = settings.academy.name
        self._holidays = _holidays_of(self.support)
        self.hours = OpeningHours(
            openings=[
                opening_hours.Opening(frozenset(map(DAYS.index, opening.days)), opening.opens, opening.closes)
                for opening in self.support.openings
            ],
            closures=[
                opening_hours.Closure(_month_and_day(closure.first), _month_and_day(closure.last))
                for closure in self.support.closures
            ],
            is_holiday=lambda day: day in self._holidays,
        )

    def in_words(self) -> str:
        """Such as "du lundi au vendredi, de 8 h 30 à 12 h 30 et de 13 h 30 à 17 h"."""
        by_days: dict[tuple[str, ...], list[Opening]] = {}
        for opening in self.support.openings:
            by_days.setdefault(tuple(opening.days), []).append(opening)
        return " ; ".join(
            f"{_days([DAYS.index(day) for day in days])}, "
            + " et ".join(f"de {_hour(opening.opens)} à {_hour(opening.closes)}" for opening in openings)
            for days, openings in by_days.items()
        )

    def now_in_words(self, now: datetime | None = None) -> str:
        """Whether it is open right now, and until or from when."""
        now = (now or datetime.now(UTC)).astimezone(self.zone)
        if closes := self.hours.closes_at(now):
            return f"Ouverte en ce moment, jusqu’à {_hour(closes.time())}."
        opens = self.hours.next_opening(now)
        if opens is None:
            return "Fermée en ce moment."
        day = {0: "aujourd’hui", 1: "demain"}.get((opens.date() - now.date()).days) or _day(opens.date())
        return f"Fermée en ce moment. Prochaine ouverture : {day} à {_hour(opens.time())}."

    def stamp(self) -> str:
        """The present time as support reads it."""
        return datetime.now(self.zone).strftime("%d/%m/%Y %H:%M (%Z)")

    def is_open(self) -> bool:
        return self.hours.is_open(datetime.now(self.zone))

    def calendar(self) -> bytes:
        """Openings as weekly events, closures and public holidays as exceptions, for this year and the next."""
        calendar = Calendar()
        calendar.add("prodid", "-//MA-MAMIA//assistance//FR")
        calendar.add("version", "2.0")
        first = date(datetime.now(self.zone).year, 1, 1)
        last = date(first.year + YEARS_AHEAD, 12, 31)
        for number, opening in enumerate(self.support.openings):
            calendar.add_component(self._event(number, opening, first, last))
        return bytes(calendar.to_ical())

    def _event(self, number: int, opening: Opening, first: date, last: date) -> Event:
        weekdays = [DAYS.index(day) for day in opening.days]
        days = [day for day in _each_day(first, last) if day.weekday() in weekdays]
        event = Event()
        event.add("uid", f"assistance-{number}@{self.support.mail.rpartition('@')[2]}")
        event.add("summary", f"Assistance {self.academy}")
        event.add("description", f"{self.support.phone}, {self.support.mail}")
        event.add("dtstamp", datetime.now(UTC))
        event.add("dtstart", datetime.combine(days[0], opening.opens, self.zone))
        event.add("dtend", datetime.combine(days[0], opening.closes, self.zone))
        until = datetime.combine(last, time(23, 59), self.zone).astimezone(UTC)
        event.add("rrule", {"freq": "weekly", "byday": [BYDAY[day] for day in weekdays], "until": until})
        for day in days:
            start = datetime.combine(day, opening.opens, self.zone)
            if not self.hours.is_open(start):
                event.add("exdate", start)
        return event


def helpdesk_pages(app: Flask, helpdesk: Helpdesk) -> None:
    app.jinja_env.globals.update(helpdesk=helpdesk, support_hours=helpdesk.in_words())

    def calendar() -> Response:
        return Response(helpdesk.calendar(), mimetype="text/calendar")

    app.add_url_rule("/assistance.ics", "help_calendar", calendar)


def _holidays_of(support: Support) -> holidays.HolidayBase | dict[date, str]:
    country, _, part = support.holidays.partition("-")
    return holidays.country_holidays(country, subdiv=part or None) if country else {}


def _month_and_day(text: str) -> tuple[int, int]:
    month, _, day = text.partition("-")
    return int(month), int(day)


def _each_day(first: date, last: date) -> Iterator[date]:
    for ahead in range((last - first).days + 1):
        yield first + timedelta(ahead)


def _days(weekdays: Sequence[int]) -> str:
    names = [WEEKDAYS[day] for day in weekdays]
    if len(weekdays) > 2 and list(weekdays) == list(range(weekdays[0], weekdays[-1] + 1)):
        return f"du {names[0]} au {names[-1]}"
    return "le " + (", ".join(names[:-1]) + " et " + names[-1] if len(names) > 1 else names[0])


def _hour(moment: time) -> str:
    return f"{moment.hour}\u00a0h" + (f"\u00a0{moment.minute:02}" if moment.minute else "")


def _day(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()]} {'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]}"
