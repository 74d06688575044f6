"""A password policy without history, applied to an entry for one write, which the classic reset may need.

ppolicy checks a password against the policy that the entry had before the Modify, so two writes are needed. The mark
of the first one records the entry's own policy. The Modify of the password restores that policy, and so do a refusal
and a failure, or the next write if the process ends between the two.
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
"""slapd's results for a change of an entry that is no longer as it was read."""


@dataclass(slots=True)
class AppliedPolicy:
    """An entry to which the temporary policy is applied."""

    account: Account
    """The account as the entry is now."""
    restoring: Changes
    """Changes that restore the entry's own policy; include them in the Modify of the password."""
    is_restored: bool = False
    """Set it to True when that Modify was done."""


@dataclass(slots=True)
class TemporaryPolicy:
    """Applies `policy` to entries, one after the other in this process. None: the settings have no such policy."""

    lookup: AccountLookup
    policy: str | None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def applied_to(self, account: Account) -> Iterator[AppliedPolicy | Refused]:
        """Apply the policy to the entry of `account` within the context.

        At its end the own policy is restored, unless `is_restored`. Yields Refused if the policy was not applied.
        Raises DirectoryUnavailable, DirectoryMisconfigured, WriteUnconfirmed before the body; a failure at the end is
        logged.
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
        """Return the changes that restore an entry's own policy after another process ended too early.

        They are empty for other entries.
        """
        own = own_policy_in(account.password_stamp)
        if own is None or self.policy is None:
            return {}
        log.info("%s has its own password policy again", account.dn)
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
        """Return the account as it is after the write; None if the entry is no longer as it was read."""
        stamps = self.lookup.mapping.stamps
        mark = stamps.mark_with_policy(next(iter(own), ""))
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
            raise DirectoryMisconfigured(f"{policy} could not be set on {entry.dn}: {result_text(result)}")
        stamp = f"{changed_at(account.password_stamp)} {mark}" if mark else account.password_stamp
        return replace(account, password_stamp=stamp)

    def _restore(self, applied: AppliedPolicy) -> None:
        """Restore the own policy if the temporary one is still there.

        After a failure, the next write of the password does it.
        """
        stamps, account = self.lookup.mapping.stamps, applied.account
        try:
            entry = self.lookup.with_identity(account)
            if entry is None or (stamps.attribute and own_policy_in(stamps.of(entry)) is None):
                return
            condition = assertion(stamps.unchanged(stamps.of(entry)))
            changes = {**applied.restoring, **stamps.changes(stamps.new_mark())}
            result = self.lookup.service.run_once(modification(entry.dn, changes, condition))
            if not is_success(result) and result["result"] not in CHANGED_MEANWHILE:
                log.error("%s keeps the temporary policy %s: %s", entry.dn, self.policy, result_text(result))
        except (DirectoryUnavailable, WriteUnconfirmed) as error:
            log.error("%s keeps the temporary policy %s: %s", account.dn, self.policy, error)


def _swap(old: list[str], new: list[str]) -> list[tuple[str, list[bytes]]]:
    """Return the changes that replace `old` by `new`, value by value.

    Access rules check each named value, and a replacement does not name the old ones.
    """
    gone = [(MODIFY_DELETE, [value.encode()]) for value in old]
    return gone + [(MODIFY_ADD, [value.encode()]) for value in new]
