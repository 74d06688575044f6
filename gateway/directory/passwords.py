"""Proving whose an account is, and writing its password."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ldap3 import MODIFY_ADD, MODIFY_DELETE, Connection
from ldap3.core.results import (
    RESULT_ASSERTION_FAILED,
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_COMPARE_TRUE,
    RESULT_INVALID_ATTRIBUTE_SYNTAX,
    RESULT_INVALID_CREDENTIALS,
    RESULT_NO_SUCH_ATTRIBUTE,
)

from gateway.account.birth_date import BirthDate
from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.account.model import Account, DirectoryLimits, Grant, LockedOut, Propagation, Secret
from gateway.account.outcomes import Changed, InitialRestored, Refusal, Refused
from gateway.account.ports import Admits
from gateway.account.proofs import Candidate
from gateway.directory import ppolicy
from gateway.directory.account_lock import changeable_from, is_closed, is_closed_by_mark, locked_until
from gateway.directory.assertion import assertion
from gateway.directory.decoy import Decoy
from gateway.directory.mapping import IDENTITY, MAX_NAMED, PeopleMapping
from gateway.directory.password_stamp import changed_at, is_same_password, own_policy_in
from gateway.directory.password_write import (
    TRIES_AGAINST_ANOTHER_WRITE,
    PasswordWriter,
    modification,
)
from gateway.directory.policies import Policies
from gateway.directory.pool import ConnectionPool
from gateway.directory.ppolicy import PolicyError, policy_error
from gateway.directory.propagation import LdapPropagation, NoPropagation
from gateway.directory.protected import ProtectedPeople
from gateway.directory.user_bind import bind_as
from gateway.ldap import DECIDED, Changes, Entry, Result, compare, is_success, require_fit, result_text, search

log = logging.getLogger(__name__)


CHANGED_MEANWHILE = (RESULT_ASSERTION_FAILED, RESULT_NO_SUCH_ATTRIBUTE, RESULT_ATTRIBUTE_OR_VALUE_EXISTS)
"""As slapd answers to a change of an entry that is no longer as it was read."""


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
        writer: PasswordWriter,
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
        self._writer = writer
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
        after = self._lookup(self._mapping.with_login(login), login)
        if before is None or after is None:
            return None
        if self._is_locked(before) or not self._is_locked(after):
            return None
        return LockedOut(self._mapping.person(after))

    def proved_by(
        self, login: str, candidates: Sequence[Candidate], birth_date: BirthDate, admits: Admits
    ) -> Account | None:
        entry = self._admitted(login, admits)
        dn = entry.dn if entry else self._decoy.dn
        born = self._holds(dn, *self._mapping.birth_date_assertion(birth_date))
        # Every proof is compared, whatever the answers so far: the time must not tell them.
        proofs = [
            candidate.value
            for candidate in candidates
            if (assertion := self._mapping.proof_assertion(candidate.proof, candidate.value.reveal()))
            and self._holds(dn, *assertion)
        ]
        # The policy is read for those alone who proved who they are: its cost would tell which accounts have one.
        if entry is None or not (born and proofs) or self._is_closed(entry):
            return None
        return replace(self._account(entry, self._limits(entry)), proof=proofs[0])

    def granted(self, grant: Grant) -> Account | None:
        entry = self._lookup_unprotected(self._mapping.with_identity(grant.identity))
        if (
            entry is None
            or self._is_closed(entry)
            or not is_same_password(self._mapping.stamps.of(entry), grant.password_stamp)
        ):
            return None
        return self._account(entry, self._limits(entry))

    def replace(self, account: Account, new: Secret) -> Changed | Refused:
        written = self._write(account, new, {})
        if isinstance(written, Refused):
            return written
        return Changed(account.person, was_expired=account.password_expired, propagation=written)

    def restore_initial(self, account: Account, initial: Secret) -> InitialRestored | Refused:
        """Tried again where the entry changed since the proofs and the password did not, or where a second reset at
        once wrote the same. Another password that was chosen meanwhile stays."""
        for _ in range(TRIES_AGAINST_ANOTHER_WRITE):
            written = self._write_initial(account, initial)
            if not _is_void(written):
                break
            entry = self._lookup_unprotected(self._mapping.with_identity(account.identity))
            if entry is None or self._is_closed(entry):
                return Refused(Refusal.NOT_PROVED)
            again = self._account(entry, self._limits(entry))
            if (
                changed_at(again.password_stamp) != changed_at(account.password_stamp)
                and not again.person.initial_password
            ):
                return Refused(Refusal.GRANT_VOID)
            account = again
        return written if isinstance(written, Refused) else InitialRestored(account.person, written)

    def _write_initial(self, account: Account, initial: Secret) -> Refused | Propagation | None:
        """First as any other password; only one that the history holds needs the policy without history."""
        written = self._write(account, initial, {}, must_change=True)
        if isinstance(written, Refused) and written.code is Refusal.IN_HISTORY:
            with self._lending:
                return self._write_under_lent_policy(account, initial)
        return written

    def _write_under_lent_policy(self, account: Account, initial: Secret) -> Refused | Propagation | None:
        """In two writes: ppolicy judges by the policy that stood before, so one without history is lent first.

        The mark of the first write tells which policy the entry had. The second write gives that one back, and so do
        a refusal, a failure, and whichever write comes next where this process dies between the two.
        """
        if self._initial_policy is None:
            return Refused(Refusal.IN_HISTORY)
        entry = self._lookup(self._mapping.with_identity(account.identity))
        if entry is None:
            return Refused(Refusal.NOT_PROVED)
        own = [held for held in entry.all(ppolicy.POLICY) if held != self._initial_policy]
        back: Changes = {ppolicy.POLICY: _exchange([self._initial_policy], own)}
        lent = self._lend_policy(account, entry, own, self._initial_policy)
        if lent is None:
            return Refused(Refusal.GRANT_VOID)
        try:
            written = self._write(lent, initial, back, must_change=True)
        except (DirectoryUnavailable, WriteUnconfirmed):
            self._give_policy_back(lent, back)
            raise
        if isinstance(written, Refused):
            self._give_policy_back(lent, back)
        return written

    def _lend_policy(self, account: Account, entry: Entry, own: list[str], policy: str) -> Account | None:
        """The account as it is then; None where the entry is no longer as it was read."""
        stamps = self._mapping.stamps
        mark = stamps.mark_of_lending(next(iter(own), ""))
        changes: Changes = stamps.changes(mark)
        if policy not in entry.all(ppolicy.POLICY):
            changes[ppolicy.POLICY] = _exchange(own, [policy])
        if not changes:
            return account
        condition = assertion(stamps.unchanged(account.password_stamp))
        result = self._service.tell(modification(entry.dn, changes, condition))
        if result["result"] in CHANGED_MEANWHILE:
            return None
        if not is_success(result):
            raise DirectoryMisconfigured(f"{policy} could not be lent to {entry.dn}: {result_text(result)}")
        stamp = f"{changed_at(account.password_stamp)} {mark}" if mark else account.password_stamp
        return replace(account, password_stamp=stamp)

    def _give_policy_back(self, account: Account, back: Changes) -> None:
        """Where it is still lent, by `back`. A failure is logged: the next write of the password gives it back."""
        stamps = self._mapping.stamps
        try:
            entry = self._lookup(self._mapping.with_identity(account.identity))
            if entry is None or (stamps.attribute and own_policy_in(stamps.of(entry)) is None):
                return
            condition = assertion(stamps.unchanged(stamps.of(entry)))
            changes = {**back, **stamps.changes(stamps.new_mark())}
            result = self._service.tell(modification(entry.dn, changes, condition))
            if not is_success(result) and result["result"] not in CHANGED_MEANWHILE:
                log.error("%s stays under %s: %s", entry.dn, self._initial_policy, result_text(result))
        except (DirectoryUnavailable, WriteUnconfirmed) as error:
            log.error("%s stays under %s: %s", account.reference, self._initial_policy, error)

    def _own_policy(self, dn: str, stamp: str) -> Changes:
        """What gives an entry with that stamp its own policy back; empty where none is lent to it."""
        own = own_policy_in(stamp)
        if own is None or self._initial_policy is None:
            return {}
        log.info("%s gets its own password policy back", dn)
        return {ppolicy.POLICY: _exchange([self._initial_policy], [own] if own else [])}

    def _lookup(self, filter_: str, typed: str = "") -> Entry | None:
        """The one entry of that filter; of several the one that is named by the login `typed`."""
        mapping = self._mapping
        entries: Sequence[Entry] = self._service.ask(
            lambda connection: search(connection, mapping.base, filter_, mapping.account_attributes, MAX_NAMED)
        )
        if len(entries) > 1 and typed:
            entries = mapping.named_by(typed, entries)
        if len(entries) > 1:
            log.error("several entries share a login or an identity: %s", ", ".join(entry.dn for entry in entries))
            return None
        return entries[0] if entries else None

    def _lookup_unprotected(self, filter_: str, typed: str = "") -> Entry | None:
        """None for a protected person as for an unknown login, after as many operations: on the decoy for nobody."""
        entry = self._lookup(filter_, typed)
        dn, logins = (entry.dn, self._mapping.logins(entry)) if entry else (self._decoy.dn, ("decoy",))
        return None if self._protected.includes(dn, logins) else entry

    def _admitted(self, login: str, admits: Admits) -> Entry | None:
        """The entry, or None for an unknown login, a protected person, and an entry that was tried too often.

        An entry may have several logins, and each of them is let through as often as one login may be tried.
        """
        entry = self._lookup_unprotected(self._mapping.with_login(login), login)
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
            password_stamp=self._mapping.stamps.of(entry),
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
        if is_success(result):
            return True
        if result["result"] != RESULT_INVALID_CREDENTIALS:
            raise DirectoryMisconfigured(f"bind: {result_text(result)}")
        # slapd says "expired" only to the right password.
        return PolicyError.PASSWORD_EXPIRED if policy_error(result) is PolicyError.PASSWORD_EXPIRED else None

    def _holds(self, dn: str, attribute: str, value: str) -> bool:
        """Compare (RFC 4511, 4.10): the one operation that NUMENs are open to."""
        result = self._service.ask(lambda connection: _compare_fit(connection, dn, attribute, value))
        code = result["result"]
        if code in DECIDED:
            return bool(code == RESULT_COMPARE_TRUE)
        if code == RESULT_INVALID_ATTRIBUTE_SYNTAX:
            # 00/00/1960 where birth dates are a GeneralizedTime: nobody can have it.
            return False
        # slapd hides an entry that may not be compared: "no such object".
        if dn == self._decoy.dn:
            raise DirectoryMisconfigured(f"the service account may not compare {attribute}")
        # Raises where no entry may be compared. Else it tells something of that entry alone.
        self._holds(self._decoy.dn, attribute, value)
        log.error("the service account may not compare %s of %s", attribute, dn)
        return False

    def _write(
        self, account: Account, new: Secret, more: Changes, *, must_change: bool = False
    ) -> Refused | Propagation | None:
        """One Modify: password, sealed password and state can't be lost alone. What it set going, or why not."""
        joined, propagation = self._propagation.join(account, new)
        own_policy = self._own_policy(account.reference, account.password_stamp)
        refused = self._writer.write(account, new, {**joined, **own_policy, **more}, must_change=must_change)
        return replace(refused, limits=account.limits) if refused else propagation


def _compare_fit(connection: Connection, dn: str, attribute: str, value: str) -> Result:
    """Raises ServerUnfit."""
    result = compare(connection, dn, attribute, value)
    require_fit(result)
    return result


def _is_void(written: Refused | Propagation | None) -> bool:
    return isinstance(written, Refused) and written.code is Refusal.GRANT_VOID


def _exchange(old: list[str], new: list[str]) -> list[tuple[str, list[bytes]]]:
    """Value by value: the access rules judge each of them, and a plain replacement names none that goes."""
    gone = [(MODIFY_DELETE, [value.encode()]) for value in old]
    return gone + [(MODIFY_ADD, [value.encode()]) for value in new]
