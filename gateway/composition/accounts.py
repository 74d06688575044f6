"""The objects of the helpdesk's command `mamia account`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from gateway.composition.people import people_mapping
from gateway.directory.account_lookup import AccountLookup
from gateway.directory.account_status import LdapAccounts
from gateway.directory.failover import LdapServers
from gateway.directory.policies import Policies, Policy
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.directory.recovery import LdapRecovery
from gateway.protection.audit import Audit
from gateway.services.helpdesk import HelpdeskService
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Accounts:
    """The objects that `mamia account` uses. Call `close` at the end."""

    directory: LdapAccounts
    helpdesk: HelpdeskService
    recovery: LdapRecovery
    resources: ExitStack

    def close(self) -> None:
        """Close the connections and the audit."""
        self.resources.close()


def build_accounts(settings: Settings) -> Accounts:
    """Build the objects of the command. Connects to nothing and opens no audit file yet."""
    with ExitStack() as stack:
        pool = ConnectionPool(settings.directory, LdapServers(settings.directory), as_service=True)
        stack.callback(pool.close)
        assumed = Policy(locks=True, lockout=timedelta(minutes=settings.lockout.minutes))
        # An operator who only reads does not need the right to write the audit.
        audit = Audit(settings.audit, delay=True)
        stack.callback(audit.close)
        mapping = people_mapping(settings)
        policies, protected = Policies(pool, without_any=assumed), ProtectedPeople(pool, settings.people)
        return Accounts(
            LdapAccounts(pool, mapping, policies, protected),
            HelpdeskService(audit),
            LdapRecovery(AccountLookup(pool, mapping, policies, protected, settings.directory.decoy_dn)),
            stack.pop_all(),
        )
