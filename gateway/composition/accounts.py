"""What the helpdesk's command `mamia account` works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from gateway.directory.account_status import LdapAccounts
from gateway.directory.failover import LdapServers
from gateway.directory.mapping import PeopleMapping
from gateway.directory.policies import Policies, Policy
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.protection.audit import Audit
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Accounts:
    """What `mamia account` works with."""

    directory: LdapAccounts
    audit: Audit
    close: Callable[[], None]


def build_accounts(settings: Settings) -> Accounts:
    pool = ConnectionPool(settings.directory, LdapServers(settings.directory), as_service=True)
    assumed = Policy(locks=True, lockout=timedelta(minutes=settings.lockout.minutes))
    policies = Policies(pool, without_any=assumed)
    # Whoever only looks need not be able to write the audit.
    audit = Audit(settings.audit, delay=True)

    def close() -> None:
        pool.close()
        audit.close()

    protected = ProtectedPeople(pool, settings.people)
    return Accounts(
        LdapAccounts(pool, PeopleMapping(settings.people, settings.academy.mail_domain), policies, protected),
        audit,
        close,
    )
