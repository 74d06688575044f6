"""Recovery methods in the directory: sealed values of one attribute, each replaced or removed as it was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ldap3 import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE, Connection
from ldap3.core.results import RESULT_ATTRIBUTE_OR_VALUE_EXISTS, RESULT_NO_SUCH_ATTRIBUTE

from gateway.account.model import Grant
from gateway.account.ports import Admits
from gateway.account.recovery import Held
from gateway.directory.account_lookup import AccountLookup
from gateway.directory.mapping import IDENTITY
from gateway.directory.password_stamp import is_same_password
from gateway.ldap import (
    RETRYABLE_FOR_WRITES,
    Answer,
    Changes,
    Entry,
    Result,
    check_result,
    entry_of,
    find_answer,
    modify,
    raw_values,
    require_fit,
)
from gateway.needs.attributes import CLASS, RECOVERABLE, RECOVERY

ANYTHING = "(objectClass=*)"


@dataclass(frozen=True, slots=True)
class LdapRecovery:
    """`services.ports.RecoveryValues` on LDAP.

    A value is written only if the one that it replaces is still there, so of two writes at the same time one wins and
    the other one learns it. All methods raise DirectoryUnavailable and DirectoryMisconfigured, writes
    WriteUnconfirmed.
    """

    accounts: AccountLookup

    def with_login(self, login: str, admits: Admits) -> Held | None:
        """Return what the account with this login holds, at equal cost for every login.

        None for an unknown login, a protected person, a closed account, and an account that `admits` refuses.
        """
        entry = self.accounts.unprotected_with_login(login)
        is_admitted = admits((entry.first(IDENTITY) or entry.dn) if entry else f"unknown {login}")
        values, has_class = self._read(entry.dn if entry else self.accounts.decoy_dn)
        if entry is None or not is_admitted or self.accounts.is_closed(entry):
            return None
        return Held(self.accounts.account(entry), values, has_class)

    def of(self, grant: Grant) -> Held | None:
        """Return what the account of `grant` holds now; None if its password changed, or it was closed, since."""
        entry = self.accounts.unprotected_with_identity(grant)
        if entry is None or self.accounts.is_closed(entry) or not self._is_unchanged(entry, grant):
            return None
        return Held(self.accounts.account(entry), *self._read(entry.dn))

    def replace(self, held: Held, old: bytes | None, new: bytes | None) -> bool:
        """Write `new` in the place of `old`; None adds or removes. Returns False if `old` is there no more."""
        changes: Changes = {RECOVERY: []}
        if old is not None:
            changes[RECOVERY].append((MODIFY_DELETE, [old]))
        if new is not None:
            changes[RECOVERY].append((MODIFY_ADD, [new]))
        if new is not None and not held.has_class:
            changes[CLASS] = [(MODIFY_ADD, [RECOVERABLE.encode()])]
        result = self.accounts.service.run_once(_modification(held.account.dn, changes))
        if result["result"] in (RESULT_NO_SUCH_ATTRIBUTE, RESULT_ATTRIBUTE_OR_VALUE_EXISTS):
            return False
        check_result(result, f"{RECOVERY} of {held.account.dn}", unfit=())
        return True

    def sealed_at(self, dn: str) -> tuple[str, tuple[bytes, ...]]:
        """Return the entryUUID and the methods of an entry, also of one that pages do not serve."""
        answer = self._answer(dn, [IDENTITY, RECOVERY])
        return (entry_of(answer).first(IDENTITY), tuple(raw_values(answer, RECOVERY))) if answer else ("", ())

    def erase(self, dn: str) -> None:
        """Remove every method of the entry, also those that no key opens."""
        result = self.accounts.service.run_once(_modification(dn, {RECOVERY: [(MODIFY_REPLACE, [])]}))
        check_result(result, f"{RECOVERY} of {dn}", unfit=())

    def _is_unchanged(self, entry: Entry, grant: Grant) -> bool:
        return is_same_password(self.accounts.mapping.stamps.of(entry), grant.password_stamp)

    def _read(self, dn: str) -> tuple[tuple[bytes, ...], bool]:
        """Return the values of the entry, and whether it has our class. An entry that is gone has none."""
        answer = self._answer(dn, [RECOVERY, CLASS])
        if answer is None:
            return (), False
        classes = {name.casefold() for name in entry_of(answer).all(CLASS)}
        return tuple(raw_values(answer, RECOVERY)), RECOVERABLE.casefold() in classes

    def _answer(self, dn: str, attributes: list[str]) -> Answer | None:
        return self.accounts.service.run_idempotent(
            lambda connection: find_answer(connection, dn, ANYTHING, attributes)
        )


def _modification(dn: str, changes: Changes) -> Callable[[Connection], Result]:
    def write(connection: Connection) -> Result:
        result = modify(connection, dn, changes)
        require_fit(result, RETRYABLE_FOR_WRITES)
        return result

    return write
