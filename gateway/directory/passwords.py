"""Proving whose an account is, and writing its password."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ldap3 import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE, Connection
from ldap3.core.results import (
    RESULT_ASSERTION_FAILED,
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_COMPARE_TRUE,
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_INVALID_CREDENTIALS,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_REFERRAL,
    RESULT_SUCCESS,
    RESULT_UNWILLING_TO_PERFORM,
)

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.account.model import Account, DirectoryLimits, Grant, LockedOut, Propagation, Secret
from gateway.account.outcomes import Changed, InitialRestored, Refusal, Refused
from gateway.account.ports import Admits
from gateway.account.proofs import Candidate
from gateway.directory import ppolicy
from gateway.directory.account_lock import changeable_from, is_closed, is_closed_by_mark, locked_until
from gateway.directory.assertion import OPEN, assertion, outlast_second, same_password
from gateway.directory.compare import DECIDED, compare
from gateway.directory.decoy import Decoy
from gateway.directory.entry import Entry
from gateway.directory.mapping import IDENTITY, PeopleMapping
from gateway.directory.outbox import Changes
from gateway.directory.people import UNFIT, search
from gateway.directory.policies import Policies
from gateway.directory.pool import ConnectionPool, ServerUnfit
from gateway.directory.ppolicy import PolicyError, policy_error
from gateway.directory.propagation import LdapPropagation, NoPropagation
from gateway.directory.protected import ProtectedPeople
from gateway.directory.user_bind import bind_as

log = logging.getLogger(__name__)

PASSWORD = "userPassword"  # noqa: S105 - the attribute's name

TRIES_AGAINST_ANOTHER_WRITE = 5
UNFIT_FOR_WRITES = (*UNFIT, RESULT_REFERRAL, RESULT_UNWILLING_TO_PERFORM)
"""As replicas and servers set to read-only answer: nothing was written."""

_REFUSALS = {
    PolicyError.PASSWORD_MOD_NOT_ALLOWED: Refusal.NOT_CHANGEABLE,
    PolicyError.INSUFFICIENT_QUALITY: Refusal.POOR_QUALITY,
    PolicyError.TOO_SHORT: Refusal.TOO_SHORT,
    PolicyError.TOO_LONG: Refusal.TOO_LONG,
    PolicyError.TOO_YOUNG: Refusal.TOO_YOUNG,
    PolicyError.IN_HISTORY: Refusal.IN_HISTORY,
}


class LdapPasswords:
    """`account.ports.Passwords` on LDAP.

    Reads and writes go over connections bound as the service account; people's passwords are tried over
    connections of their own, so that a person's identity never meets the service account's rights.
    """

    def __init__(
        self,
        *,
        service: ConnectionPool,
        trials: ConnectionPool,
        mapping: PeopleMapping,
        decoy_dn: str,
        lockout: timedelta,
        policies: Policies,
        initial_policy: str | None,
        propagation: LdapPropagation | NoPropagation,
        protected: ProtectedPeople,
    ) -> None:
        self._service = service
        self._trials = trials
        self._mapping = mapping
        self._decoy = Decoy(decoy_dn)
        self._lockout = lockout
        self._policies = policies
        self._initial_policy = initial_policy
        self._propagation = propagation
        self._protected = protected
        self._lending = threading.Lock()

    def held_by(self, login: str, current: Secret, admits: Admits) -> Account | LockedOut | None:
        entry = self._admitted(login, admits)
        opened = self._try(entry, current)
        if opened is None:
            return self._why_not(login, entry)
        if entry is None or is_closed_by_mark(entry, datetime.now(UTC)):
            return None
        # slapd just let this person in, so no lock is in force, whatever this machine's clock says.
        limits = replace(self._limits(entry), locked_until=None)
        return self._account(entry, limits, password_expired=opened is PolicyError.PASSWORD_EXPIRED)

    def _try(self, entry: Entry | None, password: Secret) -> PolicyError | bool | None:
        """As `_opens`; whatever the entry, a wrong password costs the directory as much.

        A locked or closed entry is refused without hashing, and a hash of an older scheme takes a fraction of the
        decoy's: an answer that comes much sooner than the decoy's is followed by one more try at the decoy.
        """
        dn = entry.dn if entry else self._decoy.dn
        started = time.monotonic()
        try:
            opened = self._opens(dn, password)
        except DirectoryMisconfigured as error:
            if entry is None:
                raise
            # Raises where the directory answers everybody like this. Else it tells something of that entry alone.
            self._try_decoy(password)
            log.error("%s can't be opened by any password: %s", dn, error)
            return None
        seconds = time.monotonic() - started
        if opened is None and self._decoy.is_slower_than(seconds):
            self._try_decoy(password)
        elif entry is None:
            self._decoy.record(seconds)
        return opened

    def _try_decoy(self, password: Secret) -> None:
        started = time.monotonic()
        self._opens(self._decoy.dn, password)
        self._decoy.record(time.monotonic() - started)

    def _why_not(self, login: str, before: Entry | None) -> LockedOut | None:
        """After a wrong password: whether it locked the account. Unknown logins are looked up again as well."""
        after = self._lookup(self._mapping.with_login(login))
        if before is None or after is None:
            return None
        if self._is_locked(before) or not self._is_locked(after):
            return None
        return LockedOut(self._mapping.person(after))

    def proved_by(
        self, login: str, candidates: Sequence[Candidate], birth_date: date, admits: Admits
    ) -> Account | None:
        entry = self._admitted(login, admits)
        dn = entry.dn if entry else self._decoy.dn
        born = self._holds(dn, *self._mapping.birth_date_assertion(birth_date))
        # Every proof is compared, whatever the answers so far: the time must not tell them.
        proved = [
            self._holds(dn, *assertion)
            for candidate in candidates
            if (assertion := self._mapping.proof_assertion(candidate.proof, candidate.value.reveal()))
        ]
        # The policy is read for those alone who proved who they are: its cost would tell which accounts have one.
        if entry is None or not (born and any(proved)) or self._is_closed(entry):
            return None
        return self._account(entry, self._limits(entry))

    def granted(self, grant: Grant) -> Account | None:
        entry = self._lookup_unprotected(self._mapping.with_identity(grant.identity))
        if entry is None or self._is_closed(entry) or entry.first(ppolicy.CHANGED_AT) != grant.password_stamp:
            return None
        outlast_second(grant.password_stamp)
        return self._account(entry, self._limits(entry))

    def replace(self, account: Account, new: Secret) -> Changed | Refused:
        written = self._write(account, new, {}, same_password(account.password_stamp))
        if isinstance(written, Refused):
            return written
        return Changed(account.person, was_expired=account.password_expired, propagation=written)

    def restore_initial(self, account: Account, initial: Secret) -> InitialRestored | Refused:
        """First as any other password; only one that the history holds needs the policy without history.

        Whatever the password was meanwhile: the proofs do not depend on it, and a second one at once writes the same.
        """
        must_change: Changes = {ppolicy.MUST_CHANGE: [(MODIFY_REPLACE, [b"TRUE"])]}
        written = self._write(account, initial, must_change, OPEN)
        if isinstance(written, Refused) and written.code is Refusal.IN_HISTORY:
            with self._lending:
                written = self._write_under_lent_policy(account, initial, must_change)
        return written if isinstance(written, Refused) else InitialRestored(account.person, written)

    def _write_under_lent_policy(
        self, account: Account, initial: Secret, must_change: Changes
    ) -> Refused | Propagation | None:
        """In two writes: ppolicy judges by the policy that stood before, so one without history is lent first.

        The second write gives the entry's own policy back, and so does a refusal. Where this process dies between
        the two, the entry keeps its old password under the lent policy: the same rules, but for the history.
        """
        if self._initial_policy is None:
            return Refused(Refusal.IN_HISTORY)
        entry = self._lookup(self._mapping.with_identity(account.identity))
        if entry is None:
            return Refused(Refusal.NOT_PROVED)
        lent = [self._initial_policy]
        own = [policy for policy in entry.all(ppolicy.POLICY) if policy not in lent]
        if self._initial_policy not in entry.all(ppolicy.POLICY):
            self._exchange_policy(entry.dn, own, lent)
        written = self._write(account, initial, {**must_change, ppolicy.POLICY: _exchange(lent, own)}, OPEN)
        if isinstance(written, Refused):
            self._exchange_policy(entry.dn, lent, own)
        return written

    def _lookup(self, filter_: str) -> Entry | None:
        mapping = self._mapping
        entries = self._service.ask(
            lambda connection: search(connection, mapping.base, filter_, mapping.account_attributes, 2)
        )
        if len(entries) > 1:
            log.error("several entries share a login or an identity: %s", ", ".join(entry.dn for entry in entries))
            return None
        return entries[0] if entries else None

    def _lookup_unprotected(self, filter_: str) -> Entry | None:
        """None for a protected person as for an unknown login, after as many operations: on the decoy for nobody."""
        entry = self._lookup(filter_)
        dn, logins = (entry.dn, self._mapping.logins(entry)) if entry else (self._decoy.dn, ("decoy",))
        return None if self._protected.includes(dn, logins) else entry

    def _admitted(self, login: str, admits: Admits) -> Entry | None:
        """The entry, or None for an unknown login, a protected person, and an entry that was tried too often.

        An entry may have several logins, and each of them is let through as often as one login may be tried.
        """
        entry = self._lookup_unprotected(self._mapping.with_login(login))
        is_admitted = admits((entry.first(IDENTITY) or entry.dn) if entry else f"unknown {login}")
        return entry if is_admitted else None

    def _is_closed(self, entry: Entry) -> bool:
        policies = self._policies
        return is_closed(entry, policies.of(entry), datetime.now(UTC), policies.records_logins)

    def _limits(self, entry: Entry) -> DirectoryLimits:
        policy, now = self._policies.of(entry), datetime.now(UTC)
        return DirectoryLimits(
            allows_change=policy.allows_user_change,
            changeable_from=changeable_from(entry, policy, now),
            locked_until=locked_until(entry, now) if policy.locks else None,
            min_length=policy.min_length,
            history=policy.history,
        )

    def _account(self, entry: Entry, limits: DirectoryLimits, *, password_expired: bool = False) -> Account:
        return Account(
            person=self._mapping.person(entry),
            reference=entry.dn,
            identity=entry.first(IDENTITY),
            password_stamp=entry.first(ppolicy.CHANGED_AT),
            password_expired=password_expired,
            limits=limits,
        )

    def _is_locked(self, entry: Entry) -> bool:
        return ppolicy.is_locked(entry.first(ppolicy.LOCKED_AT), self._lockout, datetime.now(UTC))

    def _opens(self, dn: str, password: Secret) -> PolicyError | bool | None:
        """None for a wrong password, PASSWORD_EXPIRED for the right one past its time, else True."""
        if not password:
            raise ValueError("a bind without a password succeeds as anonymous (RFC 4513, 5.1.2)")
        result = self._trials.ask(lambda connection: bind_as(connection, dn, password))
        if result["result"] == RESULT_SUCCESS:
            return True
        if result["result"] != RESULT_INVALID_CREDENTIALS:
            raise DirectoryMisconfigured(f"bind: {_reason(result)}")
        # slapd says "expired" only to the right password.
        return PolicyError.PASSWORD_EXPIRED if policy_error(result) is PolicyError.PASSWORD_EXPIRED else None

    def _holds(self, dn: str, attribute: str, value: str) -> bool:
        """Compare (RFC 4511, 4.10): the one operation that NUMENs are open to."""
        code, _ = self._service.ask(lambda connection: compare(connection, dn, attribute, value))
        if code in DECIDED:
            return code == RESULT_COMPARE_TRUE
        # slapd hides an entry that may not be compared: "no such object".
        if dn == self._decoy.dn:
            raise DirectoryMisconfigured(f"the service account may not compare {attribute}")
        # Raises where no entry may be compared. Else it tells something of that entry alone.
        self._holds(self._decoy.dn, attribute, value)
        log.error("the service account may not compare %s of %s", attribute, dn)
        return False

    def _exchange_policy(self, dn: str, old: list[str], new: list[str]) -> None:
        result = self._service.tell(_modification(dn, {ppolicy.POLICY: _exchange(old, new)}))
        if result["result"] != RESULT_SUCCESS:
            raise DirectoryMisconfigured(f"{new} could not take the place of {old} on {dn}: {_reason(result)}")

    def _write(self, account: Account, new: Secret, more: Changes, condition: str) -> Refused | Propagation | None:
        """One Modify: password, sealed password and state can't be lost alone. What it set going, or why not.

        It is done only while `condition`, a filter, holds for the entry. Where the answer is lost, the new password
        itself tells whether it was written.
        """
        joined, propagation = self._propagation.join(account, new)
        changes: Changes = {PASSWORD: [(MODIFY_REPLACE, [new.reveal().encode()])], **joined, **more}
        try:
            result = self._told(account.reference, changes, condition)
        except WriteUnconfirmed:
            if self._is_in_force(account.reference, new):
                return propagation
            raise
        if result["result"] == RESULT_ASSERTION_FAILED:
            return self._why_changed(account)
        refused = _refusal(result)
        return replace(refused, limits=account.limits) if refused else propagation

    def _why_changed(self, account: Account) -> Refused:
        """Raises DirectoryMisconfigured where the entry is as it was: the filter could not be evaluated."""
        entry = self._lookup(self._mapping.with_identity(account.identity))
        if entry and not self._is_closed(entry) and entry.first(ppolicy.CHANGED_AT) == account.password_stamp:
            attributes = f"{ppolicy.CHANGED_AT} and {ppolicy.LOCKED_AT}"
            raise DirectoryMisconfigured(f"the service account may not search by {attributes} (ldif/30-access.ldif)")
        return Refused(Refusal.GRANT_VOID)

    def _told(self, dn: str, changes: Changes, condition: str) -> Mapping[str, Any]:
        """Two writes at once on one entry: ppolicy then adds to a history, or trims one, that the other one changed
        already, and slapd refuses the later of them whole. It is sent again."""
        for _ in range(TRIES_AGAINST_ANOTHER_WRITE):
            result: Mapping[str, Any] = self._service.tell(_modification(dn, changes, assertion(condition)))
            if result["result"] not in (RESULT_NO_SUCH_ATTRIBUTE, RESULT_ATTRIBUTE_OR_VALUE_EXISTS):
                break
        return result

    def _is_in_force(self, dn: str, new: Secret) -> bool:
        try:
            return self._opens(dn, new) is not None
        except DirectoryUnavailable:
            return False


def _exchange(old: list[str], new: list[str]) -> list[tuple[str, list[bytes]]]:
    """Value by value: the access rules judge each of them, and a plain replacement names none that goes."""
    gone = [(MODIFY_DELETE, [value.encode()]) for value in old]
    return gone + [(MODIFY_ADD, [value.encode()]) for value in new]


def _modification(
    dn: str, changes: Changes, *conditions: tuple[str, bool, bytes]
) -> Callable[[Connection], Mapping[str, Any]]:
    controls = [ppolicy.REQUEST_CONTROL, *conditions]

    def modify(connection: Connection) -> Mapping[str, Any]:
        result: Mapping[str, Any] = connection.modify(dn, changes, controls=controls)[1]
        if result["result"] in UNFIT_FOR_WRITES and policy_error(result) is None:
            raise ServerUnfit(_reason(result))
        return result

    return modify


def _refusal(result: Mapping[str, Any]) -> Refused | None:
    if result["result"] == RESULT_SUCCESS:
        return None
    if code := _REFUSALS.get(policy_error(result)):  # type: ignore[arg-type]
        return Refused(code)
    if result["result"] == RESULT_CONSTRAINT_VIOLATION:
        return Refused(Refusal.DIRECTORY_RULE)
    raise DirectoryMisconfigured(f"the password was not written: {_reason(result)}{_advice(result)}")


def _advice(result: Mapping[str, Any]) -> str:
    """The directory may protect somebody whom the settings do not name: its answer is the same for a missing rule."""
    if result["result"] != RESULT_INSUFFICIENT_ACCESS_RIGHTS:
        return ""
    return "; if a rule of the directory protects this entry, people.protected_groups must name its group too"


def _reason(result: Mapping[str, Any]) -> str:
    return f"{result['description']} {result['message']}".strip()
