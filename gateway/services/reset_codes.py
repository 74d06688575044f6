"""The service of the helpdesk's codes: give one, let a second agent approve it, close it.

A code proves the identity of one person in one reset, in the place of the NUMEN. The person gets a mail about
each of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from gateway.account.model import Person, Secret
from gateway.account.reset_code import new_code
from gateway.protection.rate_limiting.limiter import RetryAfter
from gateway.services.caller import Caller
from gateway.services.events import Events, never_failing
from gateway.services.helpdesk import SERVICE
from gateway.services.outcomes import RateLimited

APPROVAL_MINUTES = 60
"""Minutes for which a request waits for a second agent, and for which an approval is valid."""
OUTCOMES = ("code_given", "code_requested", "code_approved", "code_closed", "code_refused", "rate_limited")


class CodeRefusal(StrEnum):
    """Why a code is neither given, approved nor closed. The values are stable: the audit has them."""

    NOT_FOUND = "not_found"
    PROTECTED = "protected"
    """The person is protected, or is an agent too."""
    CLOSED = "closed"
    """A reset of this account would be refused."""
    SAME_AGENT = "same_agent"
    """The agent who asked cannot approve."""
    NO_REQUEST = "no_request"
    """That agent has not asked for a code, or too long ago."""
    NONE_OPEN = "none_open"
    """There is no code to close."""


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """Nothing was changed."""

    reason: CodeRefusal


@dataclass(frozen=True, slots=True)
class Given:
    """The code, which is shown this once."""

    code: Secret
    until: datetime


@dataclass(frozen=True, slots=True)
class Requested:
    """A second agent must approve until that time; then the same agent asks once more and gets the code."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Approved:
    """The agent who asked gets the code until that time."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """The code opens nothing any more."""


class CodeAccount(Protocol):
    """The facts of an account that the service needs; `directory/account_status.py` reads them."""

    @property
    def dn(self) -> str:
        """The DN of the entry."""

    @property
    def uuid(self) -> str:
        """The entryUUID of the entry."""

    @property
    def person(self) -> Person:
        """Whose account it is."""

    @property
    def is_protected(self) -> bool:
        """Whether the settings or the directory protect the person."""

    @property
    def can_be_reset(self) -> bool:
        """Whether a reset of the account is possible."""


class CodeStore(Protocol):
    """Where codes are kept; `directory/reset_codes.py` is it. Writes raise what the directory's writes raise."""

    def needs_second_agent(self, dn: str) -> bool:
        """Return whether a second agent must approve a code for the entry."""

    def request(self, dn: str, uuid: str, agent: str, until: datetime) -> None:
        """Record that `agent` asks for a code."""

    def approve(self, dn: str, uuid: str, agent: str, until: datetime) -> bool:
        """Approve the request of `agent`; return False if there is none."""

    def give(self, dn: str, uuid: str, code: Secret, until: datetime) -> None:
        """Write a code."""

    def give_approved(self, dn: str, uuid: str, code: Secret, until: datetime, agent: str) -> bool:
        """Write a code that was approved for `agent`; return False if none was."""

    def close(self, dn: str) -> bool:
        """Remove what is there; return False if there is nothing."""


@dataclass(frozen=True, slots=True)
class ResetCodeService:
    """Gives codes to agents, who tell them to people.

    `agent` is the name of the agent as the directory or the system has it, never as it was typed: the operator of
    the caller, under whose name audit and event store have it. All methods raise OSError if the audit cannot be
    written, before anything changes, and what the directory and the store raise.
    """

    events: Events
    accounts: Callable[[str, datetime], CodeAccount | None]
    """Reads the account of a login, at a time."""
    codes: CodeStore
    code_minutes: int
    admit: Callable[[str, str], RetryAfter | None]
    """Counts a code of an agent for a person's UUID, or returns how long to wait."""
    is_agent: Callable[[CodeAccount], bool]
    """Whether the account is an agent's, to whom agents give no code."""

    def give(
        self, login: str, agent: str, reason: str, caller: Caller
    ) -> Given | Requested | CodeRefused | RateLimited:
        """Give a code, or ask for a second agent's approval where the settings require one.

        A new code replaces the one before.
        """
        account = self._account(login, agent, caller)
        if isinstance(account, CodeRefused):
            return account
        if wait := self.admit(agent, account.uuid):
            self._record("rate_limited", login, agent, caller, limit=wait.scope)
            return RateLimited(wait.seconds)
        self.events.audit.open()
        return self._write_code(login, account, agent, reason, caller)

    def approve(self, login: str, agent: str, requested_by: str, caller: Caller) -> Approved | CodeRefused:
        """Approve the code that the agent `requested_by` asked for; `agent` must be somebody else."""
        account = self._account(login, agent, caller)
        if isinstance(account, CodeRefused):
            return account
        if agent.casefold() == requested_by.casefold():
            return self._refuse(CodeRefusal.SAME_AGENT, login, agent, caller)
        self.events.audit.open()
        until = _in_minutes(APPROVAL_MINUTES)
        if not self.codes.approve(account.dn, account.uuid, requested_by.casefold(), until):
            return self._refuse(CodeRefusal.NO_REQUEST, login, agent, caller)
        self._record("code_approved", login, agent, caller, requested_by=requested_by)
        self._tell("code_approved", account, caller)
        return Approved(until)

    def close(self, login: str, agent: str, reason: str, caller: Caller) -> Closed | CodeRefused:
        """Close the open code, the request or the approval of a person."""
        account = self._account(login, agent, caller, must_be_open=False)
        if isinstance(account, CodeRefused):
            return account
        self.events.audit.open()
        if not self.codes.close(account.dn):
            return self._refuse(CodeRefusal.NONE_OPEN, login, agent, caller)
        self._record("code_closed", login, agent, caller, reason=reason)
        self._tell("code_closed", account, caller)
        return Closed()

    def close_disputed(self, login: str, caller: Caller) -> bool:
        """Close what is open, for the owner of the account who reported a misuse; return False if nothing is."""
        account = self.accounts(login, datetime.now(UTC))
        if account is None or not self.codes.close(account.dn):
            return False
        self._record("code_closed", login, "", caller, reason="disputed")
        self._tell("code_closed", account, caller)
        return True

    def _account(
        self, login: str, agent: str, caller: Caller, *, must_be_open: bool = True
    ) -> CodeAccount | CodeRefused:
        account = self.accounts(login, datetime.now(UTC))
        if account is None:
            return self._refuse(CodeRefusal.NOT_FOUND, login, agent, caller)
        if account.is_protected or self.is_agent(account):
            return self._refuse(CodeRefusal.PROTECTED, login, agent, caller)
        if must_be_open and not account.can_be_reset:
            return self._refuse(CodeRefusal.CLOSED, login, agent, caller)
        return account

    def _write_code(
        self, login: str, account: CodeAccount, agent: str, reason: str, caller: Caller
    ) -> Given | Requested:
        dn, uuid, code, until = account.dn, account.uuid, new_code(), _in_minutes(self.code_minutes)
        if not self.codes.needs_second_agent(dn):
            self.codes.give(dn, uuid, code, until)
        elif not self.codes.give_approved(dn, uuid, code, until, agent.casefold()):
            ends = _in_minutes(APPROVAL_MINUTES)
            self.codes.request(dn, uuid, agent.casefold(), ends)
            self._record("code_requested", login, agent, caller, reason=reason)
            self._tell("code_requested", account, caller)
            return Requested(ends)
        self._record("code_given", login, agent, caller, reason=reason)
        self._tell("code_given", account, caller)
        return Given(code, until)

    def _refuse(self, reason: CodeRefusal, login: str, agent: str, caller: Caller) -> CodeRefused:
        self._record("code_refused", login, agent, caller, cause=reason)
        return CodeRefused(reason)

    def _tell(self, notice: str, account: CodeAccount, caller: Caller) -> None:
        with never_failing("the notice"):
            self.events.notifications.notify(notice, account.person, caller.request_id)

    def _record(self, outcome: str, login: str, agent: str, caller: Caller, **facts: str) -> None:
        self.events.record(SERVICE, outcome, caller, login=login, by=agent, **facts)


def _in_minutes(minutes: int) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)
