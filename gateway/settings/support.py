"""The helpdesk as the assistance page shows it: how to reach it, and its opening hours."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from gateway.settings.types import Mail, Section, Text

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEAP_YEAR = 2024
"""A year that contains every day of the calendar."""


def _day_of_year(text: str) -> str:
    try:
        date.fromisoformat(f"{LEAP_YEAR}-{text}")
    except ValueError:
        raise ValueError("is not a day of the year such as 07-15 (month, day)") from None
    return text


DayOfYear = Annotated[str, AfterValidator(_day_of_year)]


class Opening(Section):
    """Hours in which the helpdesk is open on some days of the week."""

    days: Annotated[list[Day], Field(min_length=1)]
    """Days of the week: mon, tue, wed, thu, fri, sat, sun."""
    opens: time
    """Opening time in the academy's time zone, such as "8:30"."""
    closes: time
    """Closing time, on the same day."""

    @field_validator("opens", "closes", mode="before")
    @classmethod
    def _in_quotes_or_not(cls, value: Any) -> Any:
        """Accept "8:30" beside TOML's own times (08:30:00)."""
        return value.rjust(5, "0") if isinstance(value, str) else value


class Closure(Section):
    """Days of each year on which the helpdesk is closed, first and last day included."""

    first: DayOfYear
    """First day, as month-day: "07-15"."""
    last: DayOfYear
    """Last day, as month-day. It may be before `first` in the calendar: the closure then passes the new year."""


WORKDAYS: list[Day] = list(DAYS[:5])
CallPrice = Literal["", "standard", "service_free", "free"]
"""Prices of calls to French numbers. Premium numbers are missing: administrations may not have one (law 2018-727,
article 28)."""


class Support(Section):
    """The helpdesk: its phone number, mail address, opening hours and closures."""

    phone: Text = "01 23 45 67 89"
    """Phone number that the pages show."""
    call_price: CallPrice = "standard"
    """Price of a call that the page of the helpdesk shows: "standard" (no surcharge, numbers from 01 to 07 and 09),
    "service_free" (the caller pays the call alone, 0806 to 0809), "free" (0800 to 0805), or "": none is shown."""
    mail: Mail = "assistance@ac-example.fr"
    """Mail address that the pages show."""
    openings: list[Opening] = [
        Opening(days=WORKDAYS, opens=time(8, 30), closes=time(12, 30)),
        Opening(days=WORKDAYS, opens=time(13, 30), closes=time(17)),
    ]
    """Opening hours, one table per group of days with the same hours."""
    closures: list[Closure] = [Closure(first="07-15", last="08-18"), Closure(first="12-25", last="01-01")]
    """Closures of each year. The default is five weeks from 15 July, and from Christmas to the new year."""
    holidays: str = "FR"
    """Country whose public holidays close the helpdesk, as the package `holidays` names countries and their parts:
    FR, FR-57; "": none."""

    @field_validator("holidays")
    @classmethod
    def _is_known(cls, text: str) -> str:
        if not text:
            return text
        # Imported here: worker and listener read the settings too, and need no holidays.
        from holidays import country_holidays

        country, _, part = text.partition("-")
        try:
            country_holidays(country, subdiv=part or None)
        except NotImplementedError:
            raise ValueError(
                f"{text} is not known to the package holidays; it knows FR and FR-57, for instance"
            ) from None
        return text
