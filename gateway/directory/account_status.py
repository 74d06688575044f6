"""What the helpdesk may know and do about somebody's account: its state, and two changes that reveal nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ldap3 import MODIFY_DELETE, MODIFY_REPLACE, Connection
from ldap3.core.results import RESULT_NO_SUCH_ATTRIBUTE

from gateway.account.errors import DirectoryMisconfigured
from gateway.account.model import Person
from gateway.directory import ppolicy
from gateway.directory.account_lock import changeable_from, idle_since, locked_until
from gateway.directory.connection import connect
from gateway.directory.mapping import MAX_NAMED, PeopleMapping
from gateway.directory.policies import Policies
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.ldap import Entry, Result, check_result, close, modify, search
from gateway.settings import Directory
from gateway.workstation.state import DeliveryState, is_stale, read_state

STATES = "mamiaSyncState"


@dataclass(frozen=True, slots=True)
class AccountState:
    """Neither NUMEN nor birth date: the gateway can't read the one and nobody at the helpdesk needs the other."""

    dn: str
    person: Person
    locked_since: datetime | None
    locked_until: datetime | None
    """None while not locked, and where only a reset or an administrator unlocks it."""
    lock_ends_at: datetime | None
    """Of a lock that neither a reset nor `unlock` lifts (pwdMinDelay); `ppolicy.MAX_VALIDITY` where it has no end."""
    is_closed: bool
    """Locked for good by an administrator."""
    idle_since: datetime | None
    """The last login, or change after it, where slapd closed the account for it (pwdMaxIdle)."""
    validity: ppolicy.Validity
    is_valid: bool
    """Whether `validity` holds now."""
    changed_at: datetime | None
    expires_at: datetime | None
    """None where its policy lets it last, or can't be read."""
    policy: str
    """The DN of the policy that holds for it; "" where none can be read."""
    allows_change: bool
    """Whether that policy lets the person change the password."""
    changeable_from: datetime | None
    """None where it can be changed now, as far as its age goes."""
    propagation: Sequence[DeliveryState]
    lock: str = ""
    """pwdAccountLockedTime as the directory holds it; "" where there is none."""
    is_protected: bool = False
    """Named by people.protected_filter or people.protected_groups."""

    @property
    def is_stale(self) -> bool:
        return is_stale(self.propagation, self.changed_at)


class LdapAccounts:
    def __init__(
        self, service: ConnectionPool, mapping: PeopleMapping, policies: Policies, protected: ProtectedPeople
    ) -> None:
        self._service = service
        self._mapping = mapping
        self._policies = policies
        self._protected = protected

    def read(self, login: str, now: datetime) -> AccountState | None:
        """None for a login that nobody has. Raises DirectoryUnavailable, DirectoryMisconfigured."""
        attributes = [*self._mapping.account_attributes, STATES]
        filter_ = self._mapping.login_filter(login)
        entries = self._service.run_idempotent(
            lambda connection: search(connection, self._mapping.base, filter_, attributes, MAX_NAMED)
        )
        named = self._mapping.named_by(login, entries)
        if len(named) > 1:
            raise DirectoryMisconfigured(f"{len(named)} entries have the login or address {login}")
        return self._state(named[0], now) if named else None

    def force_change(self, dn: str) -> None:
        """The password must be changed at the next login. Raises DirectoryUnavailable, DirectoryMisconfigured."""
        self._service.run_once(lambda connection: _replace(connection, dn, ppolicy.MUST_CHANGE, ["TRUE"]))

    def _state(self, entry: Entry, now: datetime) -> AccountState:
        policy = self._policies.of(entry)
        locked_at = entry.first(ppolicy.LOCKED_AT)
        locked = policy.locks and ppolicy.is_locked(locked_at, policy.lockout, now)
        since = ppolicy.read_time(locked_at) if locked else None
        changed_at = ppolicy.read_change_time(entry.first(ppolicy.CHANGED_AT))
        validity = ppolicy.read_validity(entry.first(ppolicy.STARTS_AT), entry.first(ppolicy.ENDS_AT))
        return AccountState(
            dn=entry.dn,
            person=self._mapping.person(entry),
            locked_since=since,
            locked_until=since + policy.lockout if since and policy.lockout else None,
            lock_ends_at=locked_until(entry, now) if policy.locks else None,
            is_closed=ppolicy.is_closed(locked_at),
            idle_since=idle_since(entry, policy, now, self._policies.records_logins),
            validity=validity,
            is_valid=validity.holds(now),
            changed_at=changed_at,
            expires_at=changed_at + policy.max_age if changed_at and policy.max_age else None,
            policy=policy.dn,
            allows_change=policy.allows_user_change,
            changeable_from=changeable_from(entry, policy, now),
            lock=locked_at,
            is_protected=self._protected.includes(entry.dn, self._mapping.logins(entry)),
            propagation=[state for value in entry.all(STATES) if (state := read_state(value))],
        )


def unlock(settings: Directory, dn: str, lock: str) -> bool:
    """Lift the lock-out `lock` of `dn`, by an account of the operator's that may: `settings` hold it.

    False, and nothing is changed, where the entry has another lock by now or none: an administrator may have closed
    the account meanwhile. The gateway's own account can't unlock, and a reset by the person lifts it too. Raises
    DirectoryUnavailable, DirectoryMisconfigured, LDAPException, OSError.
    """
    connection = connect(settings.servers[0], settings, as_service=True)
    try:
        # ppolicy forgets the wrong tries along with it.
        result = modify(connection, dn, {ppolicy.LOCKED_AT: [(MODIFY_DELETE, [lock])]})
        if result["result"] == RESULT_NO_SUCH_ATTRIBUTE:
            return False
        _check(result, ppolicy.LOCKED_AT, dn)
        return True
    finally:
        close(connection)


def _replace(connection: Connection, dn: str, attribute: str, values: list[str]) -> None:
    _check(modify(connection, dn, {attribute: [(MODIFY_REPLACE, values)]}), attribute, dn)


def _check(result: Result, attribute: str, dn: str) -> None:
    """Raises DirectoryMisconfigured; no other server is asked."""
    check_result(result, f"{attribute} of {dn}", unfit=())
