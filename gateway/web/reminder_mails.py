"""The mails of `mamia remind`: to people before a password expires, and the helpdesk's digest."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from flask_babel import force_locale

from gateway.account.reminders import ReminderKind
from gateway.notifications.spool import Spool
from gateway.services.reminders import Done, Due, ReminderOutcome
from gateway.settings import Settings
from gateway.web.notifications import TemplateNotifications

log = logging.getLogger(__name__)

MAX_NAMED = 100
"""Maximum number of people whom a digest names."""


@dataclass(frozen=True, slots=True)
class TemplateReminderMails:
    """`services.reminders.ReminderMails` from templates. It needs Flask's application context."""

    settings: Settings
    mails: Spool
    templates: TemplateNotifications

    def remind(self, due: Due, message_id: str) -> int:
        """Implement `ReminderMails.remind`. All addresses get the same Message-ID."""
        person, standing = due.standing.person, due.standing
        facts = {
            "login": person.login,
            "expires_at": self._local(standing.expires_at),
            "changed_at": self._local(standing.changed_at),
        }
        with force_locale(self.templates.language_of(person)):
            return sum(self._enqueue(str(due.reminder.kind), one, message_id, **facts) for one in person.mails)

    def send_digest(self, done: Sequence[Done], message_id: str) -> int:
        """Implement `ReminderMails.send_digest`. It is in the site's first language."""
        without = [one.due for one in done if one.outcome is ReminderOutcome.NO_ADDRESS]
        counts = Counter(one.due.reminder.kind for one in done if one.outcome is ReminderOutcome.REMINDED)
        facts = {
            "expiring": counts[ReminderKind.EXPIRES],
            "initial": counts[ReminderKind.INITIAL],
            "unreachable": len(without),
            "logins": [due.login for due in without[:MAX_NAMED]],
            "failed": sum(one.outcome is ReminderOutcome.NOT_SPOOLED for one in done),
        }
        with force_locale(self.settings.web.languages[0]):
            return self._enqueue("digest", self.settings.reminders.digest_to, message_id, **facts)

    def _enqueue(self, notice: str, address: str, message_id: str, **facts: object) -> int:
        try:
            self.mails.enqueue(self._mail(notice, address, message_id, **facts))
        except Exception as error:
            # `email` raises a dozen kinds of exceptions for addresses that it cannot parse.
            log.error("a reminder could not be stored: %s", type(error).__name__)
            return 0
        return 1

    def _mail(self, notice: str, address: str, message_id: str, **facts: object) -> EmailMessage:
        return self.templates.write(notice, address, "", facts, message_id=message_id)

    def _local(self, when: datetime | None) -> datetime | None:
        return when.astimezone(ZoneInfo(self.settings.academy.timezone)) if when else None
