"""The service of the helpdesk's command: unlock an account, or force a change of its password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from gateway.protection.audit import Audit
from gateway.services.caller import Caller

if TYPE_CHECKING:
    # Its libraries are loaded only where the settings keep events.
    from gateway.services.history import History

SERVICE = "helpdesk"


class HelpdeskOutcome(Enum):
    """The result of a command about an account."""

    DONE = auto()
    PROTECTED = auto()
    """The person is protected, so the gateway must not serve the account."""
    CLOSED = auto()
    """An administrator closed the account permanently."""
    LOCK_STAYS = auto()
    """The account has a lock that the command does not lift."""
    NOT_LOCKED = auto()
    LOCK_CHANGED = auto()
    """The lock in the entry was changed or removed meanwhile."""


class HelpdeskAccount(Protocol):
    """The facts of an account that the service needs; `directory/account_status.py` reads them."""

    @property
    def dn(self) -> str:
        """The DN of the entry."""

    @property
    def is_protected(self) -> bool:
        """Whether the settings or the directory protect the person."""

    @property
    def is_closed(self) -> bool:
        """Whether an administrator closed the account permanently."""

    @property
    def idle_since(self) -> datetime | None:
        """The last login (UTC) if the account was closed because nobody used it; else None."""

    @property
    def lock_ends_at(self) -> datetime | None:
        """The end (UTC) of a lock that no command lifts; None if there is no such lock."""

    @property
    def locked_since(self) -> datetime | None:
        """The time (UTC) at which wrong passwords locked the account; None if they did not."""


@dataclass(frozen=True, slots=True)
class HelpdeskService:
    """Unlocks accounts and forces changes of passwords, without a rate limit.

    The event store has what was done, as it has what agents do on their pages. All methods raise OSError if the
    audit cannot be written, before they change anything. They also raise what the write itself raises.
    """

    audit: Audit
    history: History | None = None

    def unlock(
        self, login: str, account: HelpdeskAccount, lift: Callable[[], bool], caller: Caller, *, by: str
    ) -> HelpdeskOutcome:
        """Lift a lock-out. `lift` returns False if the lock changed meanwhile; `by` is the DN that lifts it."""
        if refused := refuse_unlock(account):
            return refused
        self.audit.open()
        if not lift():
            return HelpdeskOutcome.LOCK_CHANGED
        self._record("unlocked", login, caller, by=by)
        return HelpdeskOutcome.DONE

    def force_change(
        self, login: str, account: HelpdeskAccount, write: Callable[[str], None], caller: Caller
    ) -> HelpdeskOutcome:
        """Require a new password at the next login. `write` takes the DN of the account."""
        if account.is_protected:
            return HelpdeskOutcome.PROTECTED
        self.audit.open()
        write(account.dn)
        self._record("change_forced", login, caller)
        return HelpdeskOutcome.DONE

    def erase_recovery(
        self, login: str, account: HelpdeskAccount, erase: Callable[[str], None], caller: Caller
    ) -> HelpdeskOutcome:
        """Remove every recovery method. `erase` takes the DN of the account."""
        if account.is_protected:
            return HelpdeskOutcome.PROTECTED
        self.audit.open()
        erase(account.dn)
        self._record("recovery_erased", login, caller)
        return HelpdeskOutcome.DONE

    def note(self, outcome: str, login: str, caller: Caller) -> None:
        """Record that somebody saw what is kept of a person."""
        self.audit.open()
        self._record(outcome, login, caller)

    def _record(self, outcome: str, login: str, caller: Caller, **facts: object) -> None:
        self.audit.record(SERVICE, outcome, login=login, **caller.audit_facts(), **facts)
        if self.history:
            self.history.keep(SERVICE, outcome, [login], caller.operator)


def refuse_unlock(account: HelpdeskAccount) -> HelpdeskOutcome | None:
    """Return why a lock is not lifted; None if it may be."""
    if account.is_protected:
        return HelpdeskOutcome.PROTECTED
    if account.is_closed:
        return HelpdeskOutcome.CLOSED
    if account.idle_since or account.lock_ends_at:
        return HelpdeskOutcome.LOCK_STAYS
    return HelpdeskOutcome.NOT_LOCKED if account.locked_since is None else None
