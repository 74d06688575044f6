"""One Modify that sets a password, and the proof of its result.

The Modify has the condition that the entry has the stamp that was read before (`password_stamp.py`), and it replaces
that stamp. So a delayed Modify is refused once a newer one was done, and the stamp shows which of them was done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeGuard

from ldap3 import MODIFY_REPLACE, Connection
from ldap3.core.exceptions import LDAPSocketReceiveError
from ldap3.core.results import (
    RESULT_ASSERTION_FAILED,
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_COMPARE_TRUE,
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_OBJECT_CLASS_VIOLATION,
    RESULT_UNAVAILABLE,
    RESULT_UNDEFINED_ATTRIBUTE_TYPE,
)

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.account.model import Account, Secret
from gateway.account.outcomes import Refusal, Refused
from gateway.directory import ppolicy
from gateway.directory.assertion import assertion
from gateway.directory.mapping import PeopleMapping
from gateway.directory.open_codes import holds_code
from gateway.directory.password_stamp import PasswordStamps, changed_at, mark_in
from gateway.directory.pool import ConnectionPool
from gateway.directory.ppolicy import PolicyError, policy_error
from gateway.directory.server_time import post_read, read_back
from gateway.directory.user_bind import bind_as
from gateway.ldap import (
    RETRYABLE_FOR_WRITES,
    Changes,
    Control,
    Entry,
    Result,
    compare,
    is_success,
    modify,
    read_entry,
    require_fit,
    result_text,
    search,
)
from gateway.needs.attributes import CLASS, PASSWORD, RESET_CODE

log = logging.getLogger(__name__)

TRIES_AGAINST_ANOTHER_WRITE = 5
MAX_READ_BACK_SECONDS = 1.0
"""Seconds during which an entry is read again: a server that forwards writes to another one has them a moment
later."""
READ_BACK_PAUSE_SECONDS = 0.1
ADVICE = "30-access.ldif of ldif/ has the rights; people.password_stamp is empty where entries have no such attribute"

_REFUSALS = {
    PolicyError.PASSWORD_MOD_NOT_ALLOWED: Refusal.NOT_CHANGEABLE,
    PolicyError.INSUFFICIENT_QUALITY: Refusal.POOR_QUALITY,
    PolicyError.TOO_SHORT: Refusal.TOO_SHORT,
    PolicyError.TOO_LONG: Refusal.TOO_LONG,
    PolicyError.TOO_YOUNG: Refusal.TOO_YOUNG,
    PolicyError.IN_HISTORY: Refusal.IN_HISTORY,
}


@dataclass(frozen=True, slots=True)
class _Write:
    account: Account
    new: Secret
    must_change: bool
    mark: str
    """The stamp's mark; "" if entries have none."""


@dataclass(frozen=True, slots=True)
class PasswordWriter:
    """Writes passwords over connections of the service account, and proves each write before it reports success."""

    service: ConnectionPool
    proofs: ConnectionPool
    """Connections for binds with new passwords, separate from those that verify what people type."""
    mapping: PeopleMapping
    proves_by_bind: bool
    """Whether each write is also proved by one bind with the new password."""

    def write(self, account: Account, new: Secret, more: Changes, *, must_change: bool = False) -> Refused | None:
        """Set `new` and the changes `more` in one Modify, on condition that `account` is as it was read.

        Returns None if it is proved that it was done; GRANT_VOID if the password was changed meanwhile. Raises
        DirectoryUnavailable if nothing was written and will not be, WriteUnconfirmed if that is not known.
        """
        write = _Write(account, new, must_change, self._stamps.new_mark())
        changes: Changes = {
            PASSWORD: [(MODIFY_REPLACE, [new.reveal().encode()])],
            **self._stamps.changes(write.mark),
            **more,
        }
        if must_change:
            changes[ppolicy.MUST_CHANGE] = [(MODIFY_REPLACE, [b"TRUE"])]
        try:
            server, result = self._modify(account, changes)
        except WriteUnconfirmed as error:
            return self._after_silence(write, error)
        if not is_success(result):
            return self._refused(write, server, result)
        self._prove(write, server, _post_read(account.dn, result))
        return None

    def _refused(self, write: _Write, server: str, result: Result) -> Refused | None:
        """Return the refusal, unless the write was done.

        A proxy may have sent it twice and returned only the second answer.
        """
        with suppress(DirectoryUnavailable):
            entry = self._read(server, write.account)
            if write.mark and self._is_shown(entry, write):
                self._prove(write, server, entry)
                return None
        if result["result"] == RESULT_ASSERTION_FAILED:
            return self._why_changed(write.account)
        return refusal(result)

    @property
    def _stamps(self) -> PasswordStamps:
        return self.mapping.stamps

    @property
    def _shown(self) -> list[str]:
        """Return the attributes that show a write."""
        return [*self._stamps.attributes, ppolicy.MUST_CHANGE]

    def _modify(self, account: Account, changes: Changes) -> tuple[str, Result]:
        """Send the Modify; return the server's URL and the result.

        If two writes reach one entry at the same time, ppolicy changes a history that the other one changed already,
        and slapd refuses the later write as a whole. Then it is sent again.
        """
        unchanged = assertion(self._condition(account))
        write = modification(account.dn, changes, unchanged, post_read(self._shown))
        for _ in range(TRIES_AGAINST_ANOTHER_WRITE):
            server, result = self.service.run_once_where(write)
            if result["result"] not in (RESULT_NO_SUCH_ATTRIBUTE, RESULT_ATTRIBUTE_OR_VALUE_EXISTS):
                break
            if CLASS in changes and result["result"] == RESULT_ATTRIBUTE_OR_VALUE_EXISTS:
                # Another part has given the entry the class since it was read.
                changes = {name: change for name, change in changes.items() if name != CLASS}
                write = modification(account.dn, changes, unchanged, post_read(self._shown))
        return server, result

    def _condition(self, account: Account) -> str:
        """Return the filter that the entry must match; a code that proved the identity must still be there."""
        unchanged = self._stamps.unchanged(account.password_stamp)
        return f"(&{unchanged}{holds_code(account.reset_code)})" if account.reset_code else unchanged

    def _after_silence(self, write: _Write, error: WriteUnconfirmed) -> Refused | None:
        """Find out what happened to a Modify whose answer was lost. Raises as `write` does.

        A new mark is written on the condition of that Modify. If the server does it, the Modify was not done and its
        condition is false from now on, so it will be refused if it still arrives. The same server is used, because
        another one may lack the write.
        """
        account, stamps = write.account, self._stamps
        try:
            is_called_off = self._call_off(account, error.server)
            entry = None if is_called_off else self._read(error.server, account)
        except DirectoryUnavailable as again:
            log.warning("the write of %s stays unconfirmed: %s", account.dn, again)
            raise error from None
        if is_called_off:
            raise DirectoryUnavailable(f"{error}; the password was not written, and will not be")
        if entry is None or stamps.of(entry) == account.password_stamp:
            raise error
        if not self._is_shown(entry, write):
            return Refused(Refusal.GRANT_VOID)
        # Without a mark, the change may be another client's write.
        self._prove(write, error.server, entry, must_bind=not write.mark)
        return None

    def _call_off(self, account: Account, server: str) -> bool:
        """Replace the mark of the entry if it is as it was read; return whether that was done.

        Raises DirectoryUnavailable.
        """
        changes = self._stamps.changes(self._stamps.called_off(mark_in(account.password_stamp)))
        if not changes:
            return False
        unchanged = assertion(self._stamps.unchanged(account.password_stamp))
        result = self.service.run_once_at(server, modification(account.dn, changes, unchanged))
        return is_success(result)

    def _is_shown(self, entry: Entry | None, write: _Write) -> TypeGuard[Entry]:
        """Return whether the entry shows that this write set its password.

        A dropped write leaves no time of change.
        """
        if entry is None or self._stamps.mark_of(entry) != write.mark or not entry.first(ppolicy.CHANGED_AT):
            return False
        return not write.must_change or entry.first(ppolicy.MUST_CHANGE).upper() == "TRUE"

    def _prove(self, write: _Write, server: str, shown: Entry | None, *, must_bind: bool = False) -> None:
        """Raise WriteUnconfirmed if the entry does not show the write, whatever the server answered.

        `shown` is the entry in the server's answer; None if the answer had none.
        """
        dn = write.account.dn
        try:
            if shown is None:
                shown = self._read_back(write, server)
            if not self._is_shown(shown, write):
                log.error("%s answered that it set the password of %s, but the entry does not show it", server, dn)
                raise WriteUnconfirmed(f"{server}: the entry does not show the write", server=server)
            # Without a mark, a change within the second of the one before looks like none.
            is_doubtful = not write.mark and self._is_same_second(shown, write)
            if must_bind or self.proves_by_bind or is_doubtful:
                self._prove_by_bind(write, server)
        except DirectoryUnavailable as error:
            raise WriteUnconfirmed(str(error), server=server) from None

    def _is_same_second(self, shown: Entry, write: _Write) -> bool:
        return changed_at(self._stamps.of(shown)) == changed_at(write.account.password_stamp)

    def _read_back(self, write: _Write, server: str) -> Entry | None:
        deadline = time.monotonic() + MAX_READ_BACK_SECONDS
        while True:
            entry = self._read(server, write.account)
            if self._is_shown(entry, write) or time.monotonic() >= deadline:
                return entry
            time.sleep(READ_BACK_PAUSE_SECONDS)

    def _read(self, server: str, account: Account) -> Entry | None:
        return self.service.run_once_at(server, lambda connection: read_entry(connection, account.dn, self._shown))

    def _prove_by_bind(self, write: _Write, server: str) -> None:
        """Bind once with the new password. Raises WriteUnconfirmed if that fails.

        slapd counts a failed bind as a wrong password of the person, so there is no retry.
        """
        dn = write.account.dn
        result = self.proofs.run_once_at(server, lambda connection: bind_as(connection, dn, write.new))
        if is_success(result) or policy_error(result) is PolicyError.PASSWORD_EXPIRED:
            return
        log.error("%s shows that it set the password of %s, but a bind with it fails", server, dn)
        raise WriteUnconfirmed(f"{server}: a bind with the new password: {result_text(result)}", server=server)

    def _why_changed(self, account: Account) -> Refused:
        """Return GRANT_VOID, also if the code that proved the identity was used or closed meanwhile.

        Raises DirectoryMisconfigured if the entry is as it was: the filter could not be evaluated.
        """
        mapping = self.mapping
        filter_ = mapping.uuid_filter(account.uuid)
        entries = self.service.run_idempotent(
            lambda connection: search(connection, mapping.base, filter_, mapping.account_attributes, 2)
        )
        if any(self._is_as_read(entry, account) for entry in entries) and self._has_code(account):
            code = [RESET_CODE] if account.reset_code else []
            attributes = ", ".join([ppolicy.LOCKED_AT, *self._stamps.attributes, *code])
            raise DirectoryMisconfigured(f"the service account may not search by {attributes}: {ADVICE}")
        return Refused(Refusal.GRANT_VOID)

    def _has_code(self, account: Account) -> bool:
        """Return whether the code that proved the identity is still there; True after another proof."""
        if not account.reset_code:
            return True
        dn, code = account.dn, account.reset_code
        result = self.service.run_idempotent(lambda connection: compare(connection, dn, RESET_CODE, code))
        return bool(result["result"] == RESULT_COMPARE_TRUE)

    def _is_as_read(self, entry: Entry, account: Account) -> bool:
        is_closed = ppolicy.is_closed(entry.first(ppolicy.LOCKED_AT))
        return self._stamps.of(entry) == account.password_stamp and not is_closed


def _post_read(dn: str, result: Result) -> Entry | None:
    """Return the entry in the answer; None if it has none, or nothing that the account may read."""
    shown = read_back(dn, result)
    return shown if shown.by_type else None


def modification(dn: str, changes: Changes, *more: Control) -> Callable[[Connection], Result]:
    """Return an operation that sends `changes` for `dn` with the policy control and the controls `more`.

    It raises ServerUnavailable if the server did nothing and another may, and LDAPSocketReceiveError if the result is
    unknown.
    """
    controls = [ppolicy.REQUEST_CONTROL, *more]

    def write(connection: Connection) -> Result:
        result = modify(connection, dn, changes, controls)
        if result["result"] == RESULT_UNAVAILABLE:
            # A proxy, or a replica that forwards writes, answers this if it lost the other server's answer.
            raise LDAPSocketReceiveError(result_text(result))
        if policy_error(result) is None:
            require_fit(result, RETRYABLE_FOR_WRITES)
        return result

    return write


def refusal(result: Result) -> Refused | None:
    """Return why the directory refused a password.

    Returns None if it was written. Raises DirectoryMisconfigured for all other causes.
    """
    if is_success(result):
        return None
    if code := _REFUSALS.get(policy_error(result)):  # type: ignore[arg-type]
        return Refused(code)
    if result["result"] == RESULT_CONSTRAINT_VIOLATION:
        return Refused(Refusal.DIRECTORY_RULE)
    raise DirectoryMisconfigured(f"the password was not written: {result_text(result)}{_advice(result)}")


def _advice(result: Result) -> str:
    """Return a hint for the log. A rule of the directory that protects somebody looks like a missing access rule."""
    if result["result"] in (RESULT_UNDEFINED_ATTRIBUTE_TYPE, RESULT_OBJECT_CLASS_VIOLATION):
        return "; people.password_stamp: schema/ of ldif/ has it, upgrade/schema.ldif for a directory of 0.1.0"
    if result["result"] != RESULT_INSUFFICIENT_ACCESS_RIGHTS:
        return ""
    return "; if a rule of the directory protects this entry, people.protected_groups must name its group too"
