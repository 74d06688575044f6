"""The interfaces that the services for agents of the helpdesk need from the layers above them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.account.model import Account, Grant, LockedOut, Person, Secret
from gateway.account.ports import Admits
from gateway.services.helpdesk import HelpdeskAccount
from gateway.workstation.state import DeliveryState


class AgentAccounts(Protocol):
    """The accounts of people who may be agents; protected people are served too. Raises DirectoryUnavailable."""

    def authenticate(self, login: str, current: Secret, admits: Admits) -> Account | LockedOut | None:
        """Return as `account.ports.Passwords.authenticate`."""

    def account_for(self, grant: Grant) -> Account | None:
        """Return as `account.ports.Passwords.account_for`."""


class Agents(Protocol):
    """Tells who is an agent of the helpdesk."""

    def includes(self, dn: str, logins: Sequence[str]) -> bool:
        """Return whether the entry `dn` with these logins is an agent. Raises DirectoryUnavailable."""


class SeenAccount(HelpdeskAccount, Protocol):
    """The facts of an account that the pages show; `directory/account_status.py` reads them."""

    @property
    def person(self) -> Person:
        """The person."""

    @property
    def lock(self) -> str:
        """The lock-out as the directory has it; "" if there is none."""

    @property
    def locked_until(self) -> datetime | None:
        """The end of the lock-out; None while not locked, and if only a reset ends it."""

    @property
    def is_valid(self) -> bool:
        """Whether the account is open at this time."""

    @property
    def changed_at(self) -> datetime | None:
        """The last change of the password (UTC)."""

    @property
    def expires_at(self) -> datetime | None:
        """When the password expires (UTC); None if it does not."""

    @property
    def propagation(self) -> Sequence[DeliveryState]:
        """The state of the password at each target of the workstation."""

    @property
    def code_until(self) -> datetime | None:
        """The end of a code, of a request for one or of its approval (UTC); None if there is none."""

    @property
    def is_stale(self) -> bool:
        """Whether the workstation has an older password than the directory."""


class HelpdeskAccounts(Protocol):
    """What agents see and change. All methods raise DirectoryUnavailable; changes raise WriteUnconfirmed too."""

    def search(self, typed: str, max_entries: int) -> Sequence[Person]:
        """Return the people whose login, mail address, surname or full name is `typed`."""

    def read(self, login: str, now: datetime) -> SeenAccount | None:
        """Return the account; None for a login that nobody has."""

    def unlock(self, dn: str, lock: str) -> bool:
        """Lift the lock-out `lock`; return False if it changed meanwhile."""

    def force_change(self, dn: str) -> None:
        """Require a new password at the next login."""

    def retry(self, dn: str) -> bool:
        """Make what waits for the workstation due now; return False if nothing waits, or if it is held."""

    def forget(self, dn: str, now: datetime) -> bool:
        """Erase what waits for the workstation; return False if a newer password came meanwhile."""
