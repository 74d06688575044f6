"""The opening hours of the helpdesk, in words of the page's language and as a calendar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
from babel.dates import format_date, format_datetime, format_time, get_day_names
from babel.lists import format_list
from flask import Flask, Response
from flask_babel import gettext as _
from flask_babel import pgettext
from icalendar import Calendar, Event

from gateway.account import opening_hours
from gateway.account.opening_hours import OpeningHours
from gateway.settings import Settings
from gateway.settings.support import DAYS, LEAP_YEAR, Closure, Opening, Support
from gateway.web.language import current
from gateway.web.phone import init_phone_links
from gateway.web.typography import typeset, typeset_once

BYDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""The days from Monday to Sunday in iCalendar (RFC 5545, 3.3.10)."""
YEARS_AHEAD = 1


class Helpdesk:
    """The opening hours of the settings, in the academy's time zone, with closures and public holidays."""

    def __init__(self, settings: Settings) -> None:
        self.support = settings.support
        self.zone = ZoneInfo(settings.academy.timezone)
        self.academy = settings.academy
        self._holidays = _holidays_of(self.support)
        self._words: dict[str, str] = {}
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
        """Return the weekly hours in the page's language. The result is cached, because every page shows it."""
        if current() not in self._words:
            self._words[current()] = self._put_into_words()
        return self._words[current()]

    def _put_into_words(self) -> str:
        """Return text such as "du lundi au vendredi, de 8 h 30 à 12 h 30 et de 13 h 30 à 17 h"."""
        by_days: dict[tuple[str, ...], list[Opening]] = {}
        for opening in self.support.openings:
            by_days.setdefault(tuple(opening.days), []).append(opening)
        separator: str = pgettext("between groups of opening hours", "; ")
        return separator.join(
            _days([DAYS.index(day) for day in days]) + ", " + _spans(openings) for days, openings in by_days.items()
        )

    def closures_in_words(self) -> str:
        """Say on which days the helpdesk is closed all day; "" if there are none."""
        closed = [str(_("on public holidays"))] if self.support.holidays else []
        closed += map(_closure, self.support.closures)
        return str(_("Closed %(days)s.", days=format_list(closed, locale=_locale()))) if closed else ""

    def price_in_words(self) -> str:
        """Return the price of a call to the helpdesk; "" if none is set."""
        words = {
            "": "",
            "standard": _("call without surcharge"),
            "service_free": _("free service + price of the call"),
            "free": _("free call and service"),
        }
        return str(words[self.support.call_price])

    def call_in_words(self) -> str:
        """Return the phone number and the weekly hours, in one line."""
        phone = typeset_once(self.support.phone, "fr")
        return f"{phone} ({self.in_words()})" if self.support.openings else phone

    def now_in_words(self, now: datetime | None = None) -> str:
        """Say whether the helpdesk is open, and until or from when; "" if no hours are set.

        `now`: with time zone; by default the present.
        """
        now = (now or datetime.now(UTC)).astimezone(self.zone)
        if not self.support.openings:
            return ""
        if closes := self.hours.closes_at(now):
            return str(_("The helpdesk is open until %(time)s.", time=clock_time(closes.time())))
        opens = self.hours.next_opening(now)
        if opens is None:
            return str(_("The helpdesk is closed."))
        ahead, hour = (opens.date() - now.date()).days, clock_time(opens.time())
        if ahead == 0:
            return str(_("The helpdesk is closed. It opens again today at %(time)s.", time=hour))
        if ahead == 1:
            return str(_("The helpdesk is closed. It opens again tomorrow at %(time)s.", time=hour))
        day = _weekday(opens.date()) if opens.year == now.year else f"{_weekday(opens.date())} {opens.year}"
        return str(_("The helpdesk is closed. It opens again on %(day)s at %(time)s.", day=day, time=hour))

    def stamp(self, seconds: float | None = None) -> str:
        """Return a time in the page's language, with the abbreviation of its zone, for support staff.

        `seconds`: since 1970 (POSIX); by default the present.
        """
        when = datetime.now(self.zone) if seconds is None else datetime.fromtimestamp(seconds, self.zone)
        return moment(when) + when.strftime(" (%Z)")

    def is_open(self) -> bool:
        """Return whether the helpdesk is open at the present moment."""
        return self.hours.is_open(datetime.now(self.zone))

    def calendar(self) -> bytes:
        """Return the opening hours of this year and the next as an iCalendar file (RFC 5545).

        Openings are weekly events; closures and public holidays are exceptions (EXDATE).
        """
        calendar = Calendar()
        calendar.add("prodid", f"-//MA-MAMIA//helpdesk//{current().upper()}")
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
        event.add("summary", _("Helpdesk of %(academy)s", academy=self.academy.name))
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
    """Serve /assistance.ics, and give templates the names helpdesk, support_hours, how_to_call and moment."""
    app.jinja_env.globals.update(
        helpdesk=helpdesk, support_hours=helpdesk.in_words, how_to_call=helpdesk.call_in_words, moment=moment
    )
    init_phone_links(app, helpdesk.support)

    def calendar() -> Response:
        return Response(helpdesk.calendar(), mimetype="text/calendar")

    app.add_url_rule("/assistance.ics", "help_calendar", calendar)


def moment(when: datetime) -> str:
    """Return day and time in the page's language, without conversion to another time zone."""
    pattern = pgettext("pattern of a day and time (Unicode TR 35)", "d MMMM yyyy 'at' H:mm")
    return typeset(format_datetime(when, pattern, locale=_locale()), current())


def _holidays_of(support: Support) -> holidays.HolidayBase | dict[date, str]:
    country, _dash, part = support.holidays.partition("-")
    return holidays.country_holidays(country, subdiv=part or None) if country else {}


def _month_and_day(text: str) -> tuple[int, int]:
    month, _dash, day = text.partition("-")
    return int(month), int(day)


def _each_day(first: date, last: date) -> Iterator[date]:
    for ahead in range((last - first).days + 1):
        yield first + timedelta(ahead)


def _days(weekdays: Sequence[int]) -> str:
    wide = get_day_names("wide", locale=_locale())
    names = [wide[day] for day in weekdays]
    if len(weekdays) > 2 and list(weekdays) == list(range(weekdays[0], weekdays[-1] + 1)):
        return str(_("%(first)s to %(last)s", first=names[0], last=names[-1]))
    return str(_("on %(days)s", days=format_list(names, locale=_locale())))


def _spans(openings: Sequence[Opening]) -> str:
    spans = [
        str(_("from %(opens)s to %(closes)s", opens=clock_time(opening.opens), closes=clock_time(opening.closes)))
        for opening in openings
    ]
    return format_list(spans, locale=_locale())


def clock_time(at: time | datetime) -> str:
    """Return the time of day in the page's language, such as "8 h 30" or "17 h"."""
    if at.minute:
        pattern = pgettext("pattern of a time (Unicode TR 35)", "H:mm")
    else:
        pattern = pgettext("pattern of a full hour (Unicode TR 35)", "H:mm")
    return typeset(format_time(at.time() if isinstance(at, datetime) else at, pattern, locale=_locale()), current())


def _weekday(day: date) -> str:
    if day.day == 1:
        pattern = pgettext("pattern of the first day of a month, with its weekday (Unicode TR 35)", "EEEE d MMMM")
    else:
        pattern = pgettext("pattern of a day with its weekday (Unicode TR 35)", "EEEE d MMMM")
    return typeset(format_date(day, pattern, locale=_locale()), current())


def _closure(closure: Closure) -> str:
    first, last = (_day_of_year(*_month_and_day(text)) for text in (closure.first, closure.last))
    if closure.first == closure.last:
        return str(_("on %(day)s", day=first))
    return str(_("from %(first)s to %(last)s", first=first, last=last))


def _day_of_year(month: int, day: int) -> str:
    if day == 1:
        pattern = pgettext("pattern of the first day of a month (Unicode TR 35)", "d MMMM")
    else:
        pattern = pgettext("pattern of a day (Unicode TR 35)", "d MMMM")
    return typeset(format_date(date(LEAP_YEAR, month, day), pattern, locale=_locale()), current())


def _locale() -> str:
    """Return the locale of lists, days and hours: English ones are written as in Great Britain."""
    return {"en": "en_GB"}.get(current(), current())
