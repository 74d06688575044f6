"""The figures of the last days as the helpdesk's page shows them: charts, tables with the same figures, and CSV.

`templates/parts/week.html` shows a `WeekView` named `week`. The charts are SVG of this server's own, so they need no
script, and every figure of them is in a table too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Response
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from gateway.services.week import DayFigures, Reason, Week, as_csv
from gateway.web.language import current
from gateway.web.typography import typeset

WIDTH, HEIGHT = 322, 146
"""Of a chart, in its own units: one is a pixel on a phone of 360 pixels."""
TOP, BASELINE = 18, 112
"""Where the highest bar may end, with its figure above it, and where all bars begin, with the days below."""
BAR_SHARE = 0.6
SHARE_WIDTH = 100
COLUMNS = {
    "found": _("Accounts found"),
    "changed": _("Passwords changed"),
    "reset": _("Passwords reset"),
    "failed": _("Failures"),
}
"""From the name of a figure to its heading."""
REASONS: dict[Reason, LazyString] = {
    Reason.NOT_FOUND: _("Nobody with this name was born on that day"),
    Reason.CREDENTIALS: _("Wrong login or password, or an account that is locked or closed"),
    Reason.NOT_PROVED: _("Wrong login, number or birth date in a reset"),
    Reason.CODE_WRONG: _("Wrong code"),
    Reason.CODE_NOT_SENT: _("The code could not be sent"),
    Reason.RULES: _("The new password broke a rule"),
    Reason.LOCKED: _("The account was locked"),
    Reason.NOT_CHANGEABLE: _("The policy does not allow a change"),
    Reason.CHARTER: _("The acceptable use policy was not accepted"),
    Reason.CAPTCHA: _("The security check was not passed"),
    Reason.RATE_LIMITED: _("Too many attempts"),
    Reason.OUTAGE: _("The directory or the store failed"),
    Reason.OTHER: _("Another reason"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of a chart, in the chart's units."""

    left: float
    top: float
    width: float
    height: float
    value: str
    weekday: str
    day: str

    @property
    def middle(self) -> float:
        """Return where the figure and the day are centred."""
        return self.left + self.width / 2


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure over all days. All charts of a week have one scale, so that they can be compared."""

    heading: LazyString
    total: str
    summary: str
    """What the chart shows, for those who do not see it."""
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a day, or the sums."""

    name: str
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """How many attempts failed for one reason."""

    text: LazyString
    count: str
    share: float
    """The length of its bar, from 0 to SHARE_WIDTH for the most frequent reason."""


@dataclass(frozen=True, slots=True)
class WeekView:
    """What the page shows, in its language."""

    period: str
    charts: Sequence[Chart]
    headings: Sequence[LazyString]
    rows: Sequence[Row]
    total: Row
    reasons: Sequence[ReasonRow]


def week_view(week: Week) -> WeekView:
    """Return the texts and shapes of a week, in the language of the request."""
    total = week.total
    return WeekView(
        period=gettext("From %(first)s to %(last)s", first=_long(week.days[0].day), last=_long(week.days[-1].day)),
        charts=[_chart(name, week) for name in COLUMNS],
        headings=list(COLUMNS.values()),
        rows=[Row(_short(one.day), _cells(one)) for one in week.days],
        total=Row(gettext("Total"), _cells(total)),
        reasons=list(_reasons(total)),
    )


def csv_download(week: Week) -> Response:
    """Return the figures as a file, as the spreadsheets of the page's language open them: French ones want ";"."""
    text = as_csv(week, separator=";" if current() == "fr" else ",")
    # With the mark at its beginning, Excel reads it as UTF-8.
    response = Response("\N{ZERO WIDTH NO-BREAK SPACE}" + text, content_type="text/csv; charset=utf-8")
    name = f"mamia-{week.days[0].day.isoformat()}-{week.days[-1].day.isoformat()}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _chart(name: str, week: Week) -> Chart:
    values = [int(getattr(one, name)) for one in week.days]
    highest = max(int(getattr(one, column)) for one in week.days for column in COLUMNS) or 1
    slot = WIDTH / len(values)
    bars = [
        _bar(slot * place, slot, value / highest, value, one.day)
        for place, (value, one) in enumerate(zip(values, week.days, strict=True))
    ]
    return Chart(COLUMNS[name], _number(sum(values)), _summary(COLUMNS[name], values, week.days), bars)


def _bar(left: float, slot: float, share: float, value: int, day: date) -> Bar:
    height = round(share * (BASELINE - TOP), 1)
    width = slot * BAR_SHARE
    return Bar(
        left=round(left + (slot - width) / 2, 1),
        top=round(BASELINE - height, 1),
        width=round(width, 1),
        height=height,
        value=_number(value),
        weekday=str(format_date(day, "EEE", locale=current())),
        day=str(day.day),
    )


def _summary(heading: LazyString, values: Sequence[int], days: Sequence[DayFigures]) -> str:
    if not any(values):
        return str(gettext("%(what)s: none", what=heading))
    most = max(values)
    text = gettext(
        "%(what)s: %(total)s in all, the most on %(day)s (%(most)s)",
        what=heading,
        total=_number(sum(values)),
        day=_long(days[values.index(most)].day),
        most=_number(most),
    )
    return str(text)


def _reasons(total: DayFigures) -> Iterator[ReasonRow]:
    most = max(total.reasons.values(), default=1)
    for reason, count in total.reasons.items():
        yield ReasonRow(REASONS[reason], _number(count), round(SHARE_WIDTH * count / most, 1))


def _cells(one: DayFigures) -> list[str]:
    return [_number(int(getattr(one, name))) for name in COLUMNS]


def _number(value: int) -> str:
    return str(format_decimal(value, locale=current()))


def _long(day: date) -> str:
    return typeset(format_date(day, "EEEE d MMMM", locale=current()), current())


def _short(day: date) -> str:
    return str(format_date(day, "EEE d", locale=current()))
