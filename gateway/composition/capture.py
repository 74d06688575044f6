"""The objects of the listener, which slapd asks before each write."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from gateway.capture.sock_requests import normalised
from gateway.capture.tracker import ChangeTracker
from gateway.composition.propagation import build_propagation
from gateway.directory.capture_outbox import LdapCaptureOutbox
from gateway.directory.failover import LdapServers
from gateway.directory.mapping import PeopleMapping
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.protection.audit import Audit
from gateway.settings import Directory, Settings


@dataclass(frozen=True, slots=True)
class Capturing:
    """The objects that `mamia capture` uses. Call `close` at the end."""

    settings: Settings
    outbox: LdapCaptureOutbox
    audit: Audit
    resources: ExitStack

    def tracker(self) -> ChangeTracker:
        """Return a new tracker. Call this in the event loop's thread."""
        own = normalised(self.settings.directory.bind_dn)
        return ChangeTracker(outbox=self.outbox, own_accounts=frozenset({own}), audit=self.audit.record)

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets for which passwords are captured."""
        return tuple(self.settings.workstation.targets)

    def close(self) -> None:
        """Close the connections and the audit."""
        self.resources.close()


def without_password_rights(settings: Settings) -> frozenset[str]:
    """Return the normalised DNs of the accounts that may write people's entries but not their passwords."""
    accounts = (settings.workstation.bind_dn, settings.capture.bind_dn)
    return frozenset(normalised(account) for account in accounts if account)


def build_capture(settings: Settings, directory: Directory) -> Capturing:
    """Build the objects of the listener. Connects to nothing.

    `directory` names the slapd that reports changes, with the listener's own account. Raises KeyFileError,
    and OSError if the audit cannot connect to syslog.
    """
    with ExitStack() as stack:
        pool = ConnectionPool(directory, LdapServers(directory), as_service=True)
        stack.callback(pool.close)
        audit = Audit(settings.audit, delay=True)
        stack.callback(audit.close)
        mapping = PeopleMapping(settings.people)
        # Listener and slapd are on one machine with one clock, and slapd reports each write of the listener to it.
        propagation = build_propagation(settings, pool, mapping, asks_time=False)
        protected = ProtectedPeople(pool, settings.people)
        outbox = LdapCaptureOutbox(pool, mapping, settings.people.filter, propagation, protected)
        return Capturing(settings, outbox, audit, stack.pop_all())
