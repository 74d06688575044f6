"""The helpdesk as the assistance page shows it: how to reach it, and when."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from gateway.settings.types import Mail, Section, Text

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEAP_YEAR = 2024
"""A year that has every day."""


def _day_of_year(text: str) -> str:
    try:
        date.fromisoformat(f"{LEAP_YEAR}-{text}")
    except ValueError:
        raise ValueError("is not a day of the year such as 07-15 (month, day)") from None
    return text


DayOfYear = Annotated[str, AfterValidator(_day_of_year)]


class Opening(Section):
    """Open from one hour to another one on some days of the week."""

    days: Annotated[list[Day], Field(min_length=1)]
    opens: time
    closes: time

    @field_validator("opens", "closes", mode="before")
    @classmethod
    def _in_quotes_or_not(cls, value: Any) -> Any:
        """TOML has times of its own (08:30:00); people write "8:30"."""
        return value.rjust(5, "0") if isinstance(value, str) else value


class Closure(Section):
    """Closed each year from one day to another one, both included."""

    first: DayOfYear
    last: DayOfYear


WORKDAYS: list[Day] = list(DAYS[:5])


class Support(Section):
    phone: Text = "01 23 45 67 89"
    mail: Mail = "assistance@ac-example.fr"
    openings: list[Opening] = [
        Opening(days=WORKDAYS, opens=time(8, 30), closes=time(12, 30)),
        Opening(days=WORKDAYS, opens=time(13, 30), closes=time(17)),
    ]
    closures: list[Closure] = [Closure(first="07-15", last="08-18"), Closure(first="12-25", last="01-01")]
    """By default five weeks from 15 July, and from Christmas to the new year."""
    holidays: str = "FR"
    """Whose public holidays count, as the package `holidays` names countries and their parts: FR, FR-57; "": none."""

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
