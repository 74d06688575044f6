"""The listener, which slapd asks before each write."""

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
    """What `mamia capture` works with. `close` it in the end."""

    settings: Settings
    outbox: LdapCaptureOutbox
    audit: Audit
    resources: ExitStack

    def tracker(self) -> ChangeTracker:
        """Make the tracker, in the event loop's thread."""
        own = normalised(self.settings.directory.bind_dn)
        return ChangeTracker(outbox=self.outbox, own_accounts=frozenset({own}), audit=self.audit.record)

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets that passwords are captured for."""
        return tuple(self.settings.workstation.targets)

    def close(self) -> None:
        """Close connections and audit."""
        self.resources.close()


def without_password_rights(settings: Settings) -> frozenset[str]:
    """The normalised DNs of accounts that may write people's entries, and not their passwords."""
    accounts = (settings.workstation.bind_dn, settings.capture.bind_dn)
    return frozenset(normalised(account) for account in accounts if account)


def build_capture(settings: Settings, directory: Directory) -> Capturing:
    """Wire the listener; `directory` is the announcing slapd with the listener's own account.

    Raises KeyFileError, and OSError where the audit's file can't be written.
    """
    with ExitStack() as stack:
        pool = ConnectionPool(directory, LdapServers(directory), as_service=True)
        stack.callback(pool.close)
        audit = Audit(settings.audit, delay=True)
        stack.callback(audit.close)
        mapping = PeopleMapping(settings.people)
        # The listener is on slapd's own machine, and each of its writes is announced to it.
        propagation = build_propagation(settings, pool, mapping, asks_time=False)
        protected = ProtectedPeople(pool, settings.people)
        outbox = LdapCaptureOutbox(pool, mapping, settings.people.filter, propagation, protected)
        return Capturing(settings, outbox, audit, stack.pop_all())
