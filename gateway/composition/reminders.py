"""The objects of `mamia remind`."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.account.reminders import Schedule
from gateway.composition.propagation import utc_now
from gateway.directory.failover import LdapServers
from gateway.directory.mapping import PeopleMapping
from gateway.directory.policies import Policies
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.directory.reminders import LdapReminders
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.spool import Spool
from gateway.protection.audit import Audit
from gateway.services.reminders import ReminderService
from gateway.settings import Directory, Settings
from gateway.web.notifications import TemplateNotifications
from gateway.web.reminder_mails import TemplateReminderMails


@dataclass(frozen=True, slots=True)
class Reminding:
    """The objects that `mamia remind` uses. Call `close` at the end."""

    service: ReminderService
    records: LdapReminders
    resources: ExitStack

    def close(self) -> None:
        """Close the connections and the audit."""
        self.resources.close()


def build_reminding(settings: Settings, directory: Directory, spool: Spool, stop: threading.Event) -> Reminding:
    """Build the objects of the command. Connects to nothing.

    `directory` holds the settings of the directory with the reminders' own account. `stop` ends a run between two
    people. The mails stay in `spool`, from which the web service sends them.
    """
    with ExitStack() as stack:
        servers = LdapServers(directory)
        pool, policies = (ConnectionPool(directory, servers, as_service=True) for _ in range(2))
        stack.callback(pool.close)
        stack.callback(policies.close)
        background = BackgroundTasks()
        stack.callback(background.close)
        audit = Audit(settings.audit, delay=True)
        stack.callback(audit.close)
        mapping = PeopleMapping(settings.people, settings.academy.mail_domain)
        protected = ProtectedPeople(pool, settings.people)
        records = LdapReminders(pool, settings.people, mapping, Policies(policies), protected, directory.bind_dn)
        templates = TemplateNotifications(settings, spool, None, background)
        reminders = settings.reminders
        service = ReminderService(
            records=records,
            mails=TemplateReminderMails(settings, spool, templates),
            audit=audit,
            schedule=Schedule(reminders.days, reminders.initial_after_days, ZoneInfo(settings.academy.timezone)),
            now=utc_now,
            wait=lambda: not stop.wait(60 / reminders.per_minute),
            has_digest=bool(reminders.digest_to),
        )
        return Reminding(service, records, stack.pop_all())
