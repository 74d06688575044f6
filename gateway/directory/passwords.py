"""Verification of a person's identity and writing of their password, on LDAP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ldap3 import MODIFY_ADD, MODIFY_REPLACE

from gateway.account.birth_date import BirthDate
from gateway.account.charter import write_acceptance
from gateway.account.model import Account, Grant, LockedOut, Propagation, Secret
from gateway.account.outcomes import Changed, InitialRestored, Refusal, Refused
from gateway.account.ports import Admits
from gateway.account.proofs import Candidate
from gateway.directory import ppolicy
from gateway.directory.account_lock import is_closed_by_mark
from gateway.directory.account_lookup import AccountLookup
from gateway.directory.credentials import Credentials
from gateway.directory.decoy import Decoy
from gateway.directory.mapping import IDENTITY, PeopleMapping
from gateway.directory.open_codes import REMOVED, OpenCodes
from gateway.directory.password_stamp import changed_at, is_same_password
from gateway.directory.password_write import TRIES_AGAINST_ANOTHER_WRITE, PasswordWriter
from gateway.directory.policies import Policies
from gateway.directory.pool import ConnectionPool
from gateway.directory.ppolicy import PolicyError
from gateway.directory.propagation import LdapPropagation, NoPropagation
from gateway.directory.protected import ProtectedPeople
from gateway.directory.temporary_policy import TemporaryPolicy
from gateway.ldap import Changes, Entry
from gateway.needs.attributes import CHARTER, CLASS, RECOVERABLE, RESET_CODE


class LdapPasswords:
    """`account.ports.Passwords` on LDAP.

    Reads and writes use connections bound as the service account. People's passwords are verified over separate
    connections, so that a connection never mixes a person's identity and the service account's rights.
    """

    def __init__(
        self,
        *,
        service: ConnectionPool,
        user_binds: ConnectionPool,
        writer: PasswordWriter,
        mapping: PeopleMapping,
        decoy_dn: str,
        lockout: timedelta,
        policies: Policies,
        initial_policy: str | None,
        propagation: LdapPropagation | NoPropagation,
        protected: ProtectedPeople,
        codes: OpenCodes | None = None,
    ) -> None:
        """`codes` are the helpdesk's; None if it gives none."""
        self._writer = writer
        self._mapping = mapping
        self._lockout = lockout
        self._propagation = propagation
        self._credentials = Credentials(service, user_binds, Decoy(decoy_dn))
        self._accounts = AccountLookup(service, mapping, policies, protected, decoy_dn)
        self._codes = codes
        self._temporary_policy = TemporaryPolicy(self._accounts, initial_policy)

    def authenticate(self, login: str, current: Secret, admits: Admits) -> Account | LockedOut | None:
        """Implement `Passwords.authenticate`, at equal cost for all entries."""
        entry = self._admitted(login, admits)
        opened = self._credentials.try_password(entry, current)
        if opened is None:
            return self._why_not(login, entry)
        if entry is None or is_closed_by_mark(entry, datetime.now(UTC)):
            return None
        # slapd has just accepted the password, so no lock is in force, whatever this machine's clock says.
        limits = replace(self._accounts.limits(entry), locked_until=None)
        is_expired = opened is PolicyError.PASSWORD_EXPIRED
        return self._accounts.account(entry, limits=limits, password_expired=is_expired)

    def verify_identity(
        self, login: str, candidates: Sequence[Candidate], birth_date: BirthDate, admits: Admits
    ) -> Account | None:
        """Implement `Passwords.verify_identity`, at equal cost for all entries."""
        entry = self._admitted(login, admits)
        born = self._credentials.holds(entry, *self._mapping.birth_date_assertion(birth_date))
        # Every proof is compared, whatever the answers so far, so that the time does not reveal them.
        proofs = [
            candidate.value
            for candidate in candidates
            if (assertion := self._mapping.proof_assertion(candidate.proof, candidate.value.reveal()))
            and self._credentials.holds(entry, *assertion)
        ]
        # The policy is read only after the proof, because its cost would reveal which accounts have one of their own.
        code = self._codes.held_by(entry, self._credentials, candidates) if self._codes else ""
        if entry is None or not (born and (proofs or code)) or self._accounts.is_closed(entry):
            return None
        proof = proofs[0] if proofs else None
        return replace(self._accounts.account(entry), proof=proof, reset_code="" if proof else code)

    def account_for(self, grant: Grant) -> Account | None:
        """Implement `Passwords.account_for`."""
        entry = self._accounts.unprotected_with_identity(grant)
        if (
            entry is None
            or self._accounts.is_closed(entry)
            or not is_same_password(self._mapping.stamps.of(entry), grant.password_stamp)
        ):
            return None
        code = grant.reset_code
        if code and not (self._codes and self._credentials.holds(entry, RESET_CODE, code)):
            return None
        return replace(self._accounts.account(entry), reset_code=code)

    def set_password(self, account: Account, new: Secret, *, charter: str = "") -> Changed | Refused:
        """Implement `Passwords.set_password`."""
        written = self._write(account, new, _acceptance(account, charter) if charter else {})
        if isinstance(written, Refused):
            return written
        return Changed(account.person, account.password_expired, written, charter)

    def reset_to_initial(self, account: Account, initial: Secret) -> InitialRestored | Refused:
        """Implement `Passwords.reset_to_initial`.

        The write is tried again if the entry changed after the proofs and the password did not, or if a second reset
        at the same time wrote the same. Another password that was chosen meanwhile stays.
        """
        for _ in range(TRIES_AGAINST_ANOTHER_WRITE):
            written = self._write_initial(account, initial)
            if not _is_void(written):
                break
            entry = self._accounts.unprotected_with_identity(account)
            if entry is None or self._accounts.is_closed(entry):
                return Refused(Refusal.NOT_PROVED)
            again = self._accounts.account(entry)
            if (
                changed_at(again.password_stamp) != changed_at(account.password_stamp)
                and not again.person.initial_password
            ):
                return Refused(Refusal.GRANT_VOID)
            account = again
        return written if isinstance(written, Refused) else InitialRestored(account.person, written)

    def _admitted(self, login: str, admits: Admits) -> Entry | None:
        """Return the entry, or None for an unknown login, a protected person, and an entry that was tried too often.

        An entry may have several logins; together they are allowed as many attempts as one login.
        """
        entry = self._accounts.unprotected_with_login(login)
        is_admitted = admits((entry.first(IDENTITY) or entry.dn) if entry else f"unknown {login}")
        return entry if is_admitted else None

    def _why_not(self, login: str, before: Entry | None) -> LockedOut | None:
        """Return LockedOut if the wrong password locked the account.

        Unknown logins are looked up again too, for equal cost.
        """
        after = self._accounts.with_login(login)
        if before is None or after is None:
            return None
        if self._is_locked(before) or not self._is_locked(after):
            return None
        return LockedOut(self._mapping.person(after))

    def _is_locked(self, entry: Entry) -> bool:
        return ppolicy.is_locked(entry.first(ppolicy.LOCKED_AT), self._lockout, datetime.now(UTC))

    def _write_initial(self, account: Account, initial: Secret) -> Refused | Propagation | None:
        """Write the initial password like any other; only if it is in the history, use the policy without history."""
        written = self._write(account, initial, {}, must_change=True)
        if isinstance(written, Refused) and written.code is Refusal.IN_HISTORY:
            return self._write_with_temporary_policy(account, initial)
        return written

    def _write_with_temporary_policy(self, account: Account, initial: Secret) -> Refused | Propagation | None:
        with self._temporary_policy.applied_to(account) as applied:
            if isinstance(applied, Refused):
                return applied
            written = self._write(applied.account, initial, applied.restoring, must_change=True)
            applied.is_restored = not isinstance(written, Refused)
            return written

    def _write(
        self, account: Account, new: Secret, more: Changes, *, must_change: bool = False
    ) -> Refused | Propagation | None:
        """Write password, sealed password and state in one Modify, so that none is lost alone.

        Returns the propagation that it started, or the refusal.
        """
        joined, propagation = self._propagation.changes_for(account, new)
        own_policy = self._temporary_policy.restoring(account)
        codes = REMOVED if account.has_reset_code else {}
        refused = self._writer.write(account, new, {**joined, **own_policy, **codes, **more}, must_change=must_change)
        return replace(refused, limits=account.limits) if refused else propagation


def _acceptance(account: Account, version: str) -> Changes:
    """Return the changes that record that the person accepts this version of the acceptable use policy."""
    changes: Changes = {CHARTER: [(MODIFY_REPLACE, [write_acceptance(version, datetime.now(UTC)).encode()])]}
    if account.lacks_class:
        changes[CLASS] = [(MODIFY_ADD, [RECOVERABLE.encode()])]
    return changes


def _is_void(written: Refused | Propagation | None) -> bool:
    return isinstance(written, Refused) and written.code is Refusal.GRANT_VOID
