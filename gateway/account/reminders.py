"""Which reminder is due: before a password expires, or after a week with an initial one.

A reminder is recorded as `kind;reference;time`. The reference is the last change of the password, so that a new
password begins afresh. An entry has one record, that of the last reminder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from gateway.account.model import Person

TIME = "%Y%m%d%H%M%SZ"
"""GeneralizedTime (RFC 4517, 3.3.13), in UTC and in seconds."""
MAX_DIGITS = 6
"""Of a number of days in a record: Python refuses to read thousands of digits."""


class ReminderKind(StrEnum):
    """What a reminder is about."""

    EXPIRES = "expires"
    INITIAL = "initial"


class Unserved(StrEnum):
    """Why somebody is not reminded, although the password expires or is an initial one."""

    CLOSED = "closed"
    """Nobody can log in to the account, so a new password would open nothing."""
    PROTECTED = "protected"
    """The pages do not serve the person."""
    NOT_CHANGEABLE = "not_changeable"
    """The policy lets the person set no password."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts of one account that decide about a reminder."""

    dn: str
    uuid: str
    person: Person
    changed_at: datetime | None
    """Last change (UTC) of the password; None if the directory does not know it."""
    expires_at: datetime | None
    """End (UTC) of the password by the person's own policy; None if it has none."""
    records: tuple[str, ...] = ()
    """What is recorded of former reminders, as the directory has it."""
    has_class: bool = False
    """Whether the entry has the class that a record needs."""
    unserved: Unserved | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder that is due."""

    kind: ReminderKind
    days: int
    """Of the settings' days the one that is reached; 0 for an initial password."""
    reference: str
    days_left: int = 0
    """Days from today to the last day of the password."""

    @property
    def name(self) -> str:
        """Return the kind as it is recorded, such as "expires-7" or "initial"."""
        return f"{self.kind}-{self.days}" if self.days else str(self.kind)

    def record(self, now: datetime) -> str:
        """Return the value that records it."""
        return f"{self.name};{self.reference};{now.astimezone(UTC).strftime(TIME)}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When reminders are due. Days are those of a calendar in the academy's time zone."""

    days: Sequence[int]
    initial_after_days: int
    zone: tzinfo

    def due(self, standing: Standing, now: datetime) -> Reminder | None:
        """Return the reminder that is due and was not recorded yet; None if there is none.

        A late run skips what it missed: somebody whose password expires in 5 days gets the mail for 7 days alone.
        """
        reminder = self._reached(standing, now)
        if reminder is None or _is_recorded(reminder, standing.records):
            return None
        return reminder

    def days_between(self, earlier: datetime, later: datetime) -> int:
        """Return the number of days from one moment to another, as a calendar counts."""
        return (later.astimezone(self.zone).date() - earlier.astimezone(self.zone).date()).days

    def _reached(self, standing: Standing, now: datetime) -> Reminder | None:
        if standing.changed_at is None:
            return None
        reference = standing.changed_at.astimezone(UTC).strftime(TIME)
        if standing.person.initial_password:
            is_reached = self.days_between(standing.changed_at, now) >= self.initial_after_days > 0
            return Reminder(ReminderKind.INITIAL, 0, reference) if is_reached else None
        if standing.expires_at is None or standing.expires_at <= now:
            return None
        left = self.days_between(now, standing.expires_at)
        reached = min((days for days in self.days if left <= days), default=0)
        return Reminder(ReminderKind.EXPIRES, reached, reference, left) if reached else None


def _is_recorded(reminder: Reminder, records: Sequence[str]) -> bool:
    """Return whether this reminder, or a later one about the same password, was recorded.

    A record that cannot be read counts: rather no mail than two.
    """
    for record in records:
        name, _, rest = record.partition(";")
        kind, _, days = name.partition("-")
        if rest.partition(";")[0] != reminder.reference:
            continue
        is_readable = kind == reminder.kind and days.isdecimal() and len(days) <= MAX_DIGITS
        if not is_readable or int(days) <= reminder.days:
            return True
    return False
