"""A password policy without history, put on an entry for one write: the classic reset may need it.

ppolicy judges a password by the policy that stood before the Modify, so two writes are needed. The mark of the first
one tells which policy the entry had. The Modify of the password gives that one back, and so do a refusal, a failure,
and whichever write comes next where the process dies between the two.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ldap3 import MODIFY_ADD, MODIFY_DELETE
from ldap3.core.results import RESULT_ASSERTION_FAILED, RESULT_ATTRIBUTE_OR_VALUE_EXISTS, RESULT_NO_SUCH_ATTRIBUTE

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.account.model import Account
from gateway.account.outcomes import Refusal, Refused
from gateway.directory import ppolicy
from gateway.directory.account_lookup import AccountLookup
from gateway.directory.assertion import assertion
from gateway.directory.password_stamp import changed_at, own_policy_in
from gateway.directory.password_write import modification
from gateway.ldap import Changes, Entry, is_success, result_text

log = logging.getLogger(__name__)

CHANGED_MEANWHILE = (RESULT_ASSERTION_FAILED, RESULT_NO_SUCH_ATTRIBUTE, RESULT_ATTRIBUTE_OR_VALUE_EXISTS)
"""As slapd answers to a change of an entry that is no longer as it was read."""


@dataclass(slots=True)
class AppliedPolicy:
    """The temporary policy is on an entry."""

    account: Account
    """The account as the entry is now."""
    restoring: Changes
    """Give the entry its own policy back: they belong in the Modify of the password."""
    is_restored: bool = False
    """To be set once that Modify was done."""


@dataclass(slots=True)
class TemporaryPolicy:
    """Puts `policy` on entries, one after the other in this process; None: there is none in the settings."""

    lookup: AccountLookup
    policy: str | None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def applied_to(self, account: Account) -> Iterator[AppliedPolicy | Refused]:
        """Puts the policy on the entry of `account`, and at the end gives the own one back unless `is_restored`.

        Refused where it was not put there. Raises DirectoryUnavailable, DirectoryMisconfigured, WriteUnconfirmed
        before the body; what fails at the end is logged.
        """
        with self._lock:
            applied = self._apply(account)
            if isinstance(applied, Refused):
                yield applied
                return
            try:
                yield applied
            finally:
                if not applied.is_restored:
                    self._restore(applied)

    def restoring(self, account: Account) -> Changes:
        """What gives the entry its own policy back that another process left under this one; empty for others."""
        own = own_policy_in(account.password_stamp)
        if own is None or self.policy is None:
            return {}
        log.info("%s gets its own password policy back", account.dn)
        return {ppolicy.POLICY: _swap([self.policy], [own] if own else [])}

    def _apply(self, account: Account) -> AppliedPolicy | Refused:
        if self.policy is None:
            return Refused(Refusal.IN_HISTORY)
        entry = self.lookup.with_identity(account)
        if entry is None:
            return Refused(Refusal.NOT_PROVED)
        own = [held for held in entry.all(ppolicy.POLICY) if held != self.policy]
        marked = self._write(account, entry, own, self.policy)
        if marked is None:
            return Refused(Refusal.GRANT_VOID)
        return AppliedPolicy(marked, {ppolicy.POLICY: _swap([self.policy], own)})

    def _write(self, account: Account, entry: Entry, own: list[str], policy: str) -> Account | None:
        """The account as it is then; None where the entry is no longer as it was read."""
        stamps = self.lookup.mapping.stamps
        mark = stamps.mark_of_lending(next(iter(own), ""))
        changes: Changes = stamps.changes(mark)
        if policy not in entry.all(ppolicy.POLICY):
            changes[ppolicy.POLICY] = _swap(own, [policy])
        if not changes:
            return account
        condition = assertion(stamps.unchanged(account.password_stamp))
        result = self.lookup.service.run_once(modification(entry.dn, changes, condition))
        if result["result"] in CHANGED_MEANWHILE:
            return None
        if not is_success(result):
            raise DirectoryMisconfigured(f"{policy} could not be lent to {entry.dn}: {result_text(result)}")
        stamp = f"{changed_at(account.password_stamp)} {mark}" if mark else account.password_stamp
        return replace(account, password_stamp=stamp)

    def _restore(self, applied: AppliedPolicy) -> None:
        """Where it is still there. A failure is logged: the next write of the password gives the own one back."""
        stamps, account = self.lookup.mapping.stamps, applied.account
        try:
            entry = self.lookup.with_identity(account)
            if entry is None or (stamps.attribute and own_policy_in(stamps.of(entry)) is None):
                return
            condition = assertion(stamps.unchanged(stamps.of(entry)))
            changes = {**applied.restoring, **stamps.changes(stamps.new_mark())}
            result = self.lookup.service.run_once(modification(entry.dn, changes, condition))
            if not is_success(result) and result["result"] not in CHANGED_MEANWHILE:
                log.error("%s stays under %s: %s", entry.dn, self.policy, result_text(result))
        except (DirectoryUnavailable, WriteUnconfirmed) as error:
            log.error("%s stays under %s: %s", account.dn, self.policy, error)


def _swap(old: list[str], new: list[str]) -> list[tuple[str, list[bytes]]]:
    """Value by value: the access rules judge each of them, and a plain replacement names none that goes."""
    gone = [(MODIFY_DELETE, [value.encode()]) for value in old]
    return gone + [(MODIFY_ADD, [value.encode()]) for value in new]
