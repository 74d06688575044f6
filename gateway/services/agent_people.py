"""What agents of the helpdesk do with other people's accounts: search, look with a reason, and change.

An agent never sees or sets a password, a NUMEN or a birth date.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import assert_never

from gateway.account.model import Person, Secret
from gateway.account.outcomes import Refused
from gateway.account.recovery import RecoveryMethod
from gateway.protection.event_store import Event, EventStore
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.protection.tickets import Tickets, TokenError
from gateway.services.agent_ports import Agents, HelpdeskAccounts, SeenAccount
from gateway.services.agent_sessions import SERVICE, AgentSession
from gateway.services.agent_sign_in import AgentSignIn
from gateway.services.caller import Caller
from gateway.services.events import Events, never_failing
from gateway.services.helpdesk import HelpdeskOutcome, refuse_unlock
from gateway.services.outcomes import RateLimited
from gateway.services.recovery_methods import RecoveryMethods
from gateway.workstation.state import DeliveryStatus

MAX_FOUND = 20
LOOK = "agent look"
LOOK_SECONDS = 3600
"""Seconds in which a person who was looked at can be looked at again, and changed, for the same reason."""


class AgentAction(StrEnum):
    """What an agent can do. The values are those of the buttons."""

    UNLOCK = "unlock"
    FORCE_CHANGE = "force_change"
    RETRY = "retry"
    FORGET = "forget"


DONE = {
    AgentAction.UNLOCK: "unlocked",
    AgentAction.FORCE_CHANGE: "change_forced",
    AgentAction.RETRY: "delivery_retried",
    AgentAction.FORGET: "delivery_forgotten",
}
"""Of each action its outcome in the audit, which is also the name of the mail to the person."""


class Obstacle(StrEnum):
    """Why nothing was done. The values are stable: the audit uses them."""

    PROTECTED = "protected"
    AGENT = "is_agent"
    CLOSED = "closed"
    LOCK_STAYS = "lock_stays"
    NOT_LOCKED = "not_locked"
    NOTHING_WAITS = "nothing_waits"
    HELD = "held"
    CHANGED_MEANWHILE = "changed_meanwhile"
    GONE = "gone"


_UNLOCK_OBSTACLES = {
    HelpdeskOutcome.PROTECTED: Obstacle.PROTECTED,
    HelpdeskOutcome.CLOSED: Obstacle.CLOSED,
    HelpdeskOutcome.LOCK_STAYS: Obstacle.LOCK_STAYS,
    HelpdeskOutcome.NOT_LOCKED: Obstacle.NOT_LOCKED,
}


@dataclass(frozen=True, slots=True)
class Searched:
    """The people who were found, at most MAX_FOUND."""

    people: tuple[Person, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Look:
    """The right of one agent to see one person, for a reason that the audit has."""

    login: str
    reason: str
    ticket: str


@dataclass(frozen=True, slots=True)
class NobodyThere:
    """Nobody has the login."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A person's account, and what the agent can do there now."""

    account: SeenAccount
    is_agent: bool
    actions: tuple[AgentAction, ...]
    events: tuple[Event, ...] | None = None
    """What happened to the person lately, the newest first; None if no events are kept, or the store fails."""
    methods: tuple[RecoveryMethod, ...] | None = None
    """The recovery methods that the person added; None if the settings offer none."""


@dataclass(frozen=True, slots=True)
class Done:
    """The directory did it. The audit is written, and the person is notified."""

    action: AgentAction


@dataclass(frozen=True, slots=True)
class NotDone:
    """Nothing was changed."""

    obstacle: Obstacle


@dataclass(frozen=True, slots=True)
class AgentPeople:
    """Searches, shows and changes accounts for an agent. Each use is counted for the agent, and audited."""

    events: Events
    tickets: Tickets
    accounts: HelpdeskAccounts
    agents: Agents
    sign_in: AgentSignIn
    event_store: EventStore | None = None
    recovery: RecoveryMethods | None = None
    """Reads methods as the gateway's account: that of the helpdesk has no right to them."""

    def search(self, session: AgentSession, typed: str, reason: str, caller: Caller) -> Searched | RateLimited:
        """Return who may be meant by a login, a mail address or a name. Raises Outage."""
        if limited := self._count("search", session, caller):
            return limited
        with self.events.outages(SERVICE, caller):
            found = tuple(self.accounts.search(typed, MAX_FOUND + 1))
        self.events.record(SERVICE, "searched", caller, found=min(len(found), MAX_FOUND), reason=reason)
        return Searched(found[:MAX_FOUND], has_more=len(found) > MAX_FOUND)

    def look(
        self, session: AgentSession, login: str, reason: str, caller: Caller
    ) -> Look | NobodyThere | RateLimited:
        """Record that the agent looks at a person, and why; return the right to see the person. Raises Outage."""
        if limited := self._count("look", session, caller):
            return limited
        with self.events.outages(SERVICE, caller, login):
            account = self.accounts.read(login, datetime.now(UTC))
        if account is None:
            self.events.record(SERVICE, "not_found", caller, login=login, reason=reason)
            return NobodyThere()
        login = account.person.login
        self.events.record(SERVICE, "looked", caller, login=login, reason=reason)
        payload = {"login": login, "reason": reason, "agent": session.grant.uuid}
        return Look(login, reason, self.tickets.issue(LOOK, payload, LOOK_SECONDS))

    def open(self, session: AgentSession, ticket: str) -> Look | None:
        """Return the look of a ticket; None if it is over, or another agent's."""
        opened = self.tickets.open(LOOK, ticket)
        if isinstance(opened, TokenError) or opened.payload["agent"] != session.grant.uuid:
            return None
        return Look(opened.payload["login"], opened.payload["reason"], ticket)

    def see(self, look: Look, caller: Caller) -> Seen | None:
        """Return the account as it is now; None if it was deleted. Raises Outage."""
        with self.events.outages(SERVICE, caller, look.login):
            seen = self._see(look)
            methods = self.recovery.at(seen.account.dn) if seen and self.recovery else None
        return seen and replace(seen, events=self._events_of(seen.account.person), methods=methods)

    def act(
        self, session: AgentSession, look: Look, action: AgentAction, password: Secret, caller: Caller
    ) -> Done | NotDone | Refused | RateLimited:
        """Do what the agent asks for, after the agent's own password. Raises Outage."""
        if limited := self._count("act", session, caller):
            return limited
        if refused := self.sign_in.confirm(session, password, caller):
            return refused
        with self.events.outages(SERVICE, caller, look.login):
            seen = self._see(look)
            obstacle = Obstacle.GONE if seen is None else self._act(seen, action)
        if seen is None or obstacle:
            self.events.record(
                SERVICE, "not_done", caller, login=look.login, action=action, why=obstacle, reason=look.reason
            )
            return NotDone(obstacle or Obstacle.GONE)
        self._tell(seen.account.person, action, look, caller)
        return Done(action)

    def _tell(self, person: Person, action: AgentAction, look: Look, caller: Caller) -> None:
        with never_failing("the audit"):
            self.events.record(SERVICE, DONE[action], caller, login=look.login, reason=look.reason)
        with never_failing("the notice"):
            self.events.notifications.notify(DONE[action], person, caller.request_id)

    def _count(self, what: str, session: AgentSession, caller: Caller) -> RateLimited | None:
        with self.events.outages(SERVICE, caller):
            wait = self.events.rate_limiter.admit_agent(what, session.grant.uuid)
        return self.events.rate_limited(SERVICE, caller, wait) if wait else None

    def _events_of(self, person: Person) -> tuple[Event, ...] | None:
        if self.event_store is None:
            return None
        with suppress(StoreUnavailable):
            return tuple(self.event_store.of(*person.logins, *person.mails))
        return None

    def _see(self, look: Look) -> Seen | None:
        account = self.accounts.read(look.login, datetime.now(UTC))
        if account is None:
            return None
        is_agent = self.agents.includes(account.dn, account.person.logins)
        possible = () if is_agent else tuple(one for one in AgentAction if not obstacle_to(account, one))
        return Seen(account, is_agent, possible)

    def _act(self, seen: Seen, action: AgentAction) -> Obstacle | None:
        """Do it, and return why it was not done."""
        account = seen.account
        if seen.is_agent:
            return Obstacle.AGENT
        if obstacle := obstacle_to(account, action):
            return obstacle
        return None if self._write(account, action) else Obstacle.CHANGED_MEANWHILE

    def _write(self, account: SeenAccount, action: AgentAction) -> bool:
        """Return False if the entry changed meanwhile, so that nothing was done."""
        match action:
            case AgentAction.UNLOCK:
                return self.accounts.unlock(account.dn, account.lock)
            case AgentAction.FORCE_CHANGE:
                self.accounts.force_change(account.dn)
                return True
            case AgentAction.RETRY:
                return self.accounts.retry(account.dn)
            case AgentAction.FORGET:
                return self.accounts.forget(account.dn, datetime.now(UTC))
            case _:
                assert_never(action)


def obstacle_to(account: SeenAccount, action: AgentAction) -> Obstacle | None:
    """Return why `action` is not possible on an account; None if it is."""
    if account.is_protected:
        return Obstacle.PROTECTED
    if action is AgentAction.UNLOCK:
        refused = refuse_unlock(account)
        return _UNLOCK_OBSTACLES[refused] if refused else None
    if action is AgentAction.FORCE_CHANGE:
        return None
    waiting = [state for state in account.propagation if not state.is_final]
    if action is AgentAction.RETRY and any(state.status is DeliveryStatus.HELD for state in waiting):
        return Obstacle.HELD
    return None if waiting else Obstacle.NOTHING_WAITS
