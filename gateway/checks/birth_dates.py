"""Check that the directory holds birth dates in the form of the settings, without reading one.

The gateway may search by the birth date and cannot read it. So it asks whether anybody was born on any day of a year,
in the form of people.birth_date_format; if nobody was, it asks the same in the other usual forms.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ldap3 import Connection
from ldap3.utils.conv import escape_filter_chars

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.ldap import is_success, try_search
from gateway.ldap.operations import Scope
from gateway.needs.server import MAX_FOUND
from gateway.settings import Settings

FORMS = (
    "%Y%m%d", "%d/%m/%Y", "%Y-%m-%d", "%d%m%Y", "%Y%m%d000000Z", "%Y%m%d0000Z", "%Y%m%d00Z", "%d-%m-%Y", "%d.%m.%Y",
    "%Y/%m/%d", "%Y%m%d120000Z", "%Y%m%d000000.0Z", "%m/%d/%Y",
)  # fmt: skip
"""Forms of a day in directories; those with Z are GeneralizedTime (RFC 4517, 3.3.13)."""
FIRST_YEARS: Sequence[Sequence[int]] = ((1975,), (1985,), (1965,), (1995,), (1970, 1980), (1960, 1990))
SURE_YEARS, SURE_DAYS = 3, 13
FIRST_YEAR, LAST_YEAR = 1930, 2009
LATER_YEARS = tuple(range(first, first + 5) for first in range(FIRST_YEAR, LAST_YEAR, 5))
USUAL_YEAR = 1975
SEARCH_SECONDS = 2
MAX_SECONDS = 6
"""Seconds for all questions of one kind; what they do not answer by then is not reported."""
NAMED = 5


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether somebody was born on a day of these years, written in this form."""

    form: str
    years: Sequence[int]
    first_day: int = 1
    at: str = ""
    """DN of the one entry to look at; "": everybody."""

    def days(self) -> Iterator[str]:
        for year in self.years:
            day = date(year, 1, 1)
            while day.year == year:
                if day.day >= self.first_day:
                    yield day.strftime(self.form)
                day += timedelta(1)


def check_birth_dates(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield a finding about people.birth_date_format, if anybody has a birth date."""
    subject, people = f"{url}: birth dates", settings.people
    filter_ = f"(&{people.filter}({people.birth_date}=*))"
    somebody = next(iter(try_search(connection, people.base, filter_, ["1.1"], size_limit=1).dns), "")
    if not somebody:
        return
    form = people.birth_date_format
    found = _form_in_use(settings, connection, somebody)
    if found == form:
        yield _strays(settings, subject, connection)
        return
    text = f"nobody was born on any day from {FIRST_YEAR} to {LAST_YEAR} in the form {form}: nobody is found or reset"
    if found:
        yield fail(subject, f"{text}; the directory has {found}", f'people.birth_date_format = "{found}"')
    else:
        hint = f"people.birth_date_format: look at {people.birth_date} of {somebody} as administrator"
        yield warn(subject, f"{text}, nor in any other usual form", hint)


def _strays(settings: Settings, subject: str, connection: Connection) -> Finding:
    """Return the finding about people whose date has another form than that of most."""
    people, form = settings.people, settings.people.birth_date_format
    having = try_search(connection, people.base, f"(&{people.filter}({people.birth_date}=*))", ["1.1"])
    if is_success(having.result) and len(having.dns) < MAX_FOUND:
        strays = _without_a_day(settings, connection, having.dns)
        text = f"{len(strays)} of {len(having.dns)} people have a {people.birth_date} that is no day from "
        text += f"{FIRST_YEAR} to {LAST_YEAR} in the form {form}"
    else:
        strays = _in_other_forms(settings, connection)
        text = f"some people have a {people.birth_date} in another form than {form}"
    if not strays:
        return ok(subject, f"people.birth_date_format {form} is the one of the directory")
    text += f": they are not found, and cannot reset: {', '.join(sorted(strays)[:NAMED])}"
    return warn(subject, text, f"correct {people.birth_date} of these entries as administrator, to the form {form}")


def _without_a_day(settings: Settings, connection: Connection, dns: Sequence[str]) -> set[str]:
    people, left = settings.people, set(dns)
    ends = time.monotonic() + MAX_SECONDS
    # It ends when everybody is found: few years first, then those in which most people were born.
    later = sorted(LATER_YEARS, key=lambda some: abs(some[0] - USUAL_YEAR))
    for years in (*FIRST_YEARS[:SURE_YEARS], *later):
        if not left or time.monotonic() > ends:
            break
        filter_ = _any_day(settings, _Question(people.birth_date_format, years))
        found = try_search(connection, people.base, filter_, ["1.1"], time_limit=SEARCH_SECONDS)
        if not is_success(found.result):
            return set()
        left -= set(found.dns)
    return left if time.monotonic() <= ends else set()


def _in_other_forms(settings: Settings, connection: Connection) -> set[str]:
    people, found = settings.people, set[str]()
    ends = time.monotonic() + MAX_SECONDS
    for years in FIRST_YEARS[:SURE_YEARS]:
        for form in FORMS:
            if form != people.birth_date_format and time.monotonic() < ends:
                filter_ = _any_day(settings, _Question(form, years, SURE_DAYS))
                dates = try_search(
                    connection, people.base, filter_, ["1.1"], size_limit=NAMED, time_limit=SEARCH_SECONDS
                )
                found.update(dates.dns)
    return found


def _form_in_use(settings: Settings, connection: Connection, somebody: str) -> str:
    """Return the form of the directory; "" if it is none of `FORMS`, or if the time is over.

    In a large directory people were born in each of the first years. In a small one every year is tried, at the
    entry of `somebody` alone for forms that are not the setting's.
    """
    ends = time.monotonic() + MAX_SECONDS
    own = settings.people.birth_date_format
    others = [form for form in FORMS if form != own]
    # First without days up to 12, which could be months in another form.
    questions = [_Question(own, years, SURE_DAYS) for years in FIRST_YEARS]
    questions += [_Question(form, years, SURE_DAYS) for years in FIRST_YEARS[:SURE_YEARS] for form in others]
    questions += [_Question(own, years) for years in LATER_YEARS]
    questions += [_Question(form, years, at=somebody) for form in others for years in LATER_YEARS]
    for question in questions:
        if time.monotonic() > ends:
            break
        if _is_used(settings, connection, question):
            return question.form
    return ""


def _is_used(settings: Settings, connection: Connection, question: _Question) -> bool:
    people, filter_ = settings.people, _any_day(settings, question)
    scope: Scope = "BASE" if question.at else "SUBTREE"
    base = question.at or people.base
    found = try_search(connection, base, filter_, ["1.1"], scope, size_limit=1, time_limit=SEARCH_SECONDS)
    return bool(found.answers)


def _any_day(settings: Settings, question: _Question) -> str:
    """Return the filter for people who were born on one of the days."""
    people = settings.people
    days = "".join(f"({people.birth_date}={escape_filter_chars(day)})" for day in question.days())
    return f"(&{people.filter}(|{days}))"
