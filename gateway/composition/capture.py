"""The listener, which slapd asks before each write."""

from __future__ import annotations

from collections.abc import Callable
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
    """What `mamia capture` works with."""

    tracker: Callable[[], ChangeTracker]
    """Made in the event loop's thread."""
    targets: tuple[str, ...]
    close: Callable[[], None]


def without_password_rights(settings: Settings) -> frozenset[str]:
    """The normalised DNs of accounts that may write people's entries, and not their passwords."""
    accounts = (settings.workstation.bind_dn, settings.capture.bind_dn)
    return frozenset(normalised(account) for account in accounts if account)


def build_capture(settings: Settings, directory: Directory) -> Capturing:
    """Wire the listener; `directory` is the announcing slapd with the listener's own account.

    Raises KeyFileError, and OSError where the audit's file can't be written.
    """
    pool = ConnectionPool(directory, LdapServers(directory), as_service=True)
    mapping = PeopleMapping(settings.people)
    # The listener is on slapd's own machine, and each of its writes is announced to it.
    propagation = build_propagation(settings, pool, mapping, asks_time=False)
    protected = ProtectedPeople(pool, settings.people)
    audit = Audit(settings.audit, delay=True)

    def close() -> None:
        pool.close()
        audit.close()

    return Capturing(
        tracker=lambda: ChangeTracker(
            outbox=LdapCaptureOutbox(pool, mapping, settings.people.filter, propagation, protected),
            own_accounts=frozenset({normalised(settings.directory.bind_dn)}),
            audit=audit.record,
        ),
        targets=tuple(settings.workstation.targets),
        close=close,
    )
