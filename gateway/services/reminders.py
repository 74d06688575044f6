"""The service of `mamia remind`: who is due, record, then mail, each person at most once whatever crashes.

A reminder is recorded in the directory before its mail is written, so a run that is killed between the two sends
nothing, and two runs at once send one mail. The record is written on condition that nobody else wrote one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from gateway.account.errors import DirectoryUnavailable, WriteUnconfirmed
from gateway.account.reminders import TIME, Reminder, ReminderKind, Schedule, Standing, Unserved
from gateway.protection.audit import Audit

SERVICE = "reminder"
DIGEST = "digest"
T = TypeVar("T")


class ReminderOutcome(StrEnum):
    """What became of one reminder. The values are stable: the audit and --json have them."""

    REMINDED = "reminded"
    """Recorded, and its mail is in the spool."""
    DUE = "due"
    """It would be sent: a dry run."""
    ALREADY = "already_reminded"
    """Another run was first, or the entry is gone."""
    UNCONFIRMED = "unconfirmed"
    """It is not known whether it was recorded, so no mail was sent."""
    NOT_SPOOLED = "not_spooled"
    """Recorded, and no mail could be stored: it is not tried again."""
    NO_ADDRESS = "no_address"
    """The directory has no mail address of the person."""
    CLOSED = Unserved.CLOSED.value
    PROTECTED = Unserved.PROTECTED.value
    NOT_CHANGEABLE = Unserved.NOT_CHANGEABLE.value


@dataclass(frozen=True, slots=True)
class Due:
    """Somebody whose reminder is due."""

    standing: Standing
    reminder: Reminder

    @property
    def login(self) -> str:
        """Return the login."""
        return self.standing.person.login


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one reminder."""

    due: Due
    outcome: ReminderOutcome


class RunInterrupted(DirectoryUnavailable):
    """The directory stopped answering during a run. What is done stays done."""

    def __init__(self, message: str, done: Sequence[Done], waiting: int) -> None:
        """`waiting`: the number of people with whom the next run goes on."""
        super().__init__(message)
        self.done = done
        self.waiting = waiting


class Records(Protocol):
    """The accounts and what is recorded of reminders.

    All methods raise DirectoryUnavailable; the two that write raise WriteUnconfirmed too.
    """

    def scan(self, now: datetime, look: Callable[[Standing], T | None]) -> list[T]:
        """Return what `look` returns for each person, without None."""

    def is_protected(self, standing: Standing) -> bool:
        """Return whether the pages do not serve the person."""

    def record(self, standing: Standing, record: str) -> bool:
        """Replace the records of `standing` by `record`; False if another run was first."""

    def own_records(self) -> tuple[str, ...]:
        """Return what is recorded of former digests."""

    def record_own(self, former: tuple[str, ...], record: str) -> bool:
        """Replace what is recorded of former digests by `record`; False if another run was first."""


class ReminderMails(Protocol):
    """The mails of reminders, in each person's language."""

    def remind(self, due: Due, message_id: str) -> int:
        """Put one mail per address of the person into the spool; return how many. Never raises."""

    def send_digest(self, done: Sequence[Done], message_id: str) -> int:
        """Put the digest into the spool; return how many mails (0 or 1). Never raises."""


@dataclass(frozen=True, slots=True)
class ReminderService:
    """Reminds everybody who is due, one after another."""

    records: Records
    mails: ReminderMails
    audit: Audit
    schedule: Schedule
    now: Callable[[], datetime]
    wait: Callable[[], bool] = field(default=lambda: True)
    """Waits until the next person may be reminded; False: the run was asked to stop."""
    has_digest: bool = False

    def find_due(self) -> list[Due]:
        """Return everybody whose reminder is due, those whose password ends first before others.

        Raises DirectoryUnavailable.
        """
        now = self.now()

        def look(standing: Standing) -> Due | None:
            reminder = self.schedule.due(standing, now)
            return Due(standing, reminder) if reminder else None

        found = self.records.scan(now, look)
        return sorted(found, key=lambda due: (due.reminder.kind is ReminderKind.INITIAL, due.reminder.days_left))

    def preview(self) -> list[Done]:
        """Return what a run would do, without writing or sending anything. Raises DirectoryUnavailable."""
        return [Done(due, self._obstacle(due) or ReminderOutcome.DUE) for due in self.find_due()]

    def run(self) -> list[Done]:
        """Remind everybody who is due, then send the digest; return what became of each.

        Raises RunInterrupted if the directory stops answering between two people: another run goes on there. Raises
        DirectoryUnavailable if it does so before the first one.
        """
        everybody, done = self.find_due(), list[Done]()
        try:
            for due in everybody:
                obstacle = self._obstacle(due)
                if obstacle is None and not self.wait():
                    return done
                done.append(Done(due, obstacle or self._remind(due)))
            if self.has_digest and done:
                self._send_digest(done)
        except DirectoryUnavailable as error:
            raise RunInterrupted(str(error), done, len(everybody) - len(done)) from error
        return done

    def _obstacle(self, due: Due) -> ReminderOutcome | None:
        """Return why nothing can be sent to the person; nothing is recorded then, so it is looked at again."""
        if due.standing.unserved:
            return ReminderOutcome(due.standing.unserved.value)
        if self.records.is_protected(due.standing):
            return ReminderOutcome.PROTECTED
        return None if due.standing.person.mails else ReminderOutcome.NO_ADDRESS

    def _remind(self, due: Due) -> ReminderOutcome:
        """Record, then write the mails. The order is what keeps anybody from getting two."""
        outcome = self._recorded(due)
        if outcome is None:
            count = self.mails.remind(due, message_id(due.standing.uuid, due.reminder))
            outcome = ReminderOutcome.REMINDED if count else ReminderOutcome.NOT_SPOOLED
        self.audit.record(SERVICE, outcome, login=due.login, reminder=due.reminder.name)
        return outcome

    def _recorded(self, due: Due) -> ReminderOutcome | None:
        """Record the reminder; return why it must not be sent, None if it may."""
        try:
            is_first = self.records.record(due.standing, due.reminder.record(self.now()))
        except WriteUnconfirmed:
            return ReminderOutcome.UNCONFIRMED
        return None if is_first else ReminderOutcome.ALREADY

    def _send_digest(self, done: Sequence[Done]) -> None:
        """Send the digest, once a day, in the same order: record, then mail."""
        now = self.now()
        day = now.astimezone(self.schedule.zone).strftime("%Y%m%d")
        former = self.records.own_records()
        if any(record.split(";")[:2] == [DIGEST, day] for record in former):
            return
        try:
            is_first = self.records.record_own(former, f"{DIGEST};{day};{now.astimezone(UTC).strftime(TIME)}")
        except WriteUnconfirmed:
            is_first = False
        if is_first:
            count = self.mails.send_digest(done, _hashed(DIGEST, day))
            self.audit.record(SERVICE, "digest_sent" if count else "digest_not_spooled")


def message_id(uuid: str, reminder: Reminder) -> str:
    """Return the part before the @ of a reminder's Message-ID: always the same for one reminder of one person.

    A mailbox that gets the mail twice, by two addresses, then shows it once. No login or date is in it.
    """
    return _hashed(uuid, reminder.name, reminder.reference)


def _hashed(*parts: str) -> str:
    return f"mamia-{hashlib.sha256(';'.join(parts).encode()).hexdigest()[:32]}"
