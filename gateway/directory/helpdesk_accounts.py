"""What agents of the helpdesk see and change of an account, over connections bound as the helpdesk's account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.account.model import Person
from gateway.directory.account_status import AccountState, LdapAccounts, lift_lock
from gateway.directory.mapping import PeopleMapping
from gateway.directory.outbox import LdapOutbox
from gateway.directory.policies import Policies
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.ldap import search
from gateway.settings import People
from gateway.workstation.ports import Waiting
from gateway.workstation.state import DeliveryStatus


class LdapHelpdeskAccounts:
    """`services.agent_ports.HelpdeskAccounts` on LDAP.

    All methods raise DirectoryUnavailable and DirectoryMisconfigured. The account of the connections cannot read what
    is sealed for a workstation, nor any proof of identity.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        people: People,
        mapping: PeopleMapping,
        policies: Policies,
        protected: ProtectedPeople,
    ) -> None:
        self._pool = pool
        self._mapping = mapping
        self._accounts = LdapAccounts(pool, mapping, policies, protected)
        self._outbox = LdapOutbox(pool, people, reads_secrets=False)

    def search(self, typed: str, max_entries: int) -> Sequence[Person]:
        """Implement `HelpdeskAccounts.search`."""
        mapping, filter_ = self._mapping, self._mapping.search_filter(typed)
        entries = self._pool.run_idempotent(
            lambda connection: search(connection, mapping.base, filter_, mapping.person_attributes, max_entries)
        )
        return [mapping.person(entry) for entry in entries]

    def read(self, login: str, now: datetime) -> AccountState | None:
        """Implement `HelpdeskAccounts.read`."""
        return self._accounts.read(login, now)

    def unlock(self, dn: str, lock: str) -> bool:
        """Implement `HelpdeskAccounts.unlock`."""
        return self._pool.run_once(lambda connection: lift_lock(connection, dn, lock))

    def force_change(self, dn: str) -> None:
        """Implement `HelpdeskAccounts.force_change`."""
        self._accounts.force_change(dn)

    def retry(self, dn: str) -> bool:
        """Implement `HelpdeskAccounts.retry`."""
        item = self._outbox.read(dn)
        waiting = [state for state in item.states if not state.is_final] if item else []
        if item is None or not waiting or _is_held(item):
            return False
        written = [self._outbox.record(item, state, state.afresh()) for state in waiting]
        return all(written)

    def forget(self, dn: str, now: datetime) -> bool:
        """Implement `HelpdeskAccounts.forget`."""
        item = self._outbox.read(dn)
        return item is not None and self._outbox.forget(item, now)


def _is_held(item: Waiting) -> bool:
    return any(state.status is DeliveryStatus.HELD for state in item.states)
