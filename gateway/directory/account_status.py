"""What the helpdesk may read and change about an account: its state, and two changes that reveal nothing."""

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
from gateway.needs.attributes import IDENTITY, RESET_CODE_UNTIL, STATE
from gateway.settings import Directory
from gateway.workstation.state import DeliveryState, is_stale, read_state

STATES = STATE


@dataclass(frozen=True, slots=True)
class AccountState:
    """State of an account, without NUMEN and birth date.

    The gateway cannot read the NUMEN, and the helpdesk does not need the birth date.
    """

    dn: str
    person: Person
    locked_since: datetime | None
    locked_until: datetime | None
    """None while not locked, and if only a reset or an administrator unlocks it."""
    lock_ends_at: datetime | None
    """End of a lock that neither a reset nor `unlock` lifts (pwdMinDelay); `ppolicy.MAX_VALIDITY` if it has no
    end."""
    is_closed: bool
    """Whether an administrator locked it without an end."""
    idle_since: datetime | None
    """The last login, or a later change, if slapd closed the account because of it (pwdMaxIdle)."""
    validity: ppolicy.Validity
    is_valid: bool
    """Whether `now` is within `validity`."""
    changed_at: datetime | None
    expires_at: datetime | None
    """None if the policy sets no maximum age, or cannot be read."""
    policy: str
    """DN of the policy of this entry; "" if none can be read."""
    allows_change: bool
    """Whether that policy allows the person to change the password."""
    changeable_from: datetime | None
    """None if the password is old enough to be changed now."""
    propagation: Sequence[DeliveryState]
    lock: str = ""
    """Value of pwdAccountLockedTime in the directory; "" if there is none."""
    is_protected: bool = False
    """Whether people.protected_filter or people.protected_groups names the person."""
    uuid: str = ""
    """entryUUID of the entry."""
    code_until: datetime | None = None
    """Time at which the helpdesk's code expires; None if there is none, or if the helpdesk gives none."""

    @property
    def can_be_reset(self) -> bool:
        """Return whether a reset is possible: it is not for an account that must stay closed."""
        is_open = self.is_valid and not self.is_closed and self.idle_since is None
        return is_open and self.lock_ends_at != ppolicy.MAX_VALIDITY

    @property
    def is_stale(self) -> bool:
        """Return whether the password was changed after the change that was sent to the workstation."""
        return is_stale(self.propagation, self.changed_at)


class LdapAccounts:
    """Reads the state of accounts for the helpdesk, over connections bound as the service account."""

    def __init__(
        self, service: ConnectionPool, mapping: PeopleMapping, policies: Policies, protected: ProtectedPeople
    ) -> None:
        self._service = service
        self._mapping = mapping
        self._policies = policies
        self._protected = protected

    def read(self, login: str, now: datetime) -> AccountState | None:
        """Return the state at `now`.

        Returns None for a login that nobody has. Raises DirectoryUnavailable, DirectoryMisconfigured.
        """
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
        """Require a change of the password at the next login. Raises DirectoryUnavailable, DirectoryMisconfigured."""
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
            uuid=entry.first(IDENTITY),
            code_until=ppolicy.read_time(entry.first(RESET_CODE_UNTIL)),
            is_protected=self._protected.includes(entry.dn, self._mapping.logins(entry)),
            propagation=[state for value in entry.all(STATES) if (state := read_state(value))],
        )


def unlock(settings: Directory, dn: str, lock: str) -> bool:
    """Remove the lock-out `lock` from the entry `dn`, with the operator's account in `settings`.

    Returns False, and changes nothing, if the entry has another lock by now or none: an administrator may have closed
    the account meanwhile. The gateway's own account has no right to unlock; a reset by the person lifts the lock too.
    Raises DirectoryUnavailable, DirectoryMisconfigured, LDAPException, OSError.
    """
    connection = connect(settings.servers[0], settings, as_service=True)
    try:
        return lift_lock(connection, dn, lock)
    finally:
        close(connection)


def lift_lock(connection: Connection, dn: str, lock: str) -> bool:
    """Remove the lock-out `lock`, as `unlock` does, over an open connection. Raises DirectoryMisconfigured."""
    # ppolicy removes the recorded failures together with it.
    result = modify(connection, dn, {ppolicy.LOCKED_AT: [(MODIFY_DELETE, [lock])]})
    if result["result"] == RESULT_NO_SUCH_ATTRIBUTE:
        return False
    _check(result, ppolicy.LOCKED_AT, dn)
    return True


def _replace(connection: Connection, dn: str, attribute: str, values: list[str]) -> None:
    _check(modify(connection, dn, {attribute: [(MODIFY_REPLACE, values)]}), attribute, dn)


def _check(result: Result, attribute: str, dn: str) -> None:
    """Raise DirectoryMisconfigured unless the server did it. No other server is tried."""
    check_result(result, f"{attribute} of {dn}", unfit=())
