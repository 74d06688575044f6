"""What the helpdesk does about an account by command: unlock it, or force a change of its password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from gateway.protection.audit import Audit
from gateway.services.caller import Caller

SERVICE = "helpdesk"


class HelpdeskOutcome(Enum):
    """What came of a command about an account."""

    DONE = auto()
    PROTECTED = auto()
    """The account is none that the gateway may serve."""
    CLOSED = auto()
    """An administrator closed it for good."""
    LOCK_STAYS = auto()
    """It has a lock that the command does not lift."""
    NOT_LOCKED = auto()
    LOCK_CHANGED = auto()
    """The entry has another lock by now, or none."""


class HelpdeskAccount(Protocol):
    """What must be known of an account; `directory/account_status.py` reads it."""

    @property
    def dn(self) -> str:
        """Where the directory keeps the entry."""

    @property
    def is_protected(self) -> bool:
        """Whether the settings or the directory protect the person."""

    @property
    def is_closed(self) -> bool:
        """Whether an administrator closed the account for good."""

    @property
    def idle_since(self) -> datetime | None:
        """The last login, where the account was closed for not being used."""

    @property
    def lock_ends_at(self) -> datetime | None:
        """The end of a lock that no command lifts; None where there is none."""

    @property
    def locked_since(self) -> datetime | None:
        """When wrong passwords locked the account; None where they did not."""


@dataclass(frozen=True, slots=True)
class HelpdeskService:
    """Operators are not rate limited. All methods raise OSError where the audit can't be written: nothing is done
    that nobody could see. They pass through what the write raises."""

    audit: Audit

    def unlock(
        self, login: str, account: HelpdeskAccount, lift: Callable[[], bool], caller: Caller, *, by: str
    ) -> HelpdeskOutcome:
        """Lift a lock-out. `lift` returns False where the lock changed meanwhile; `by` is the DN that lifts it."""
        if refused := _refuse_unlock(account):
            return refused
        self.audit.open()
        if not lift():
            return HelpdeskOutcome.LOCK_CHANGED
        self.audit.record(SERVICE, "unlocked", login=login, **caller.audit_facts(), by=by)
        return HelpdeskOutcome.DONE

    def force_change(
        self, login: str, account: HelpdeskAccount, write: Callable[[str], None], caller: Caller
    ) -> HelpdeskOutcome:
        """Demand a new password at the next login. `write` takes the DN of the account."""
        if account.is_protected:
            return HelpdeskOutcome.PROTECTED
        self.audit.open()
        write(account.dn)
        self.audit.record(SERVICE, "change_forced", login=login, **caller.audit_facts())
        return HelpdeskOutcome.DONE


def _refuse_unlock(account: HelpdeskAccount) -> HelpdeskOutcome | None:
    if account.is_protected:
        return HelpdeskOutcome.PROTECTED
    if account.is_closed:
        return HelpdeskOutcome.CLOSED
    if account.idle_since or account.lock_ends_at:
        return HelpdeskOutcome.LOCK_STAYS
    return HelpdeskOutcome.NOT_LOCKED if account.locked_since is None else None
