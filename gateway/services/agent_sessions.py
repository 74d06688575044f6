"""Sessions of agents of the helpdesk: sealed in a cookie, ended for every copy of it when the agent signs out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.account.model import Grant
from gateway.protection.rate_limiting.addresses import neighbourhood
from gateway.protection.replay import ReplayCache
from gateway.protection.tickets import Tickets, TokenError
from gateway.services import helpdesk
from gateway.services.agent_ports import AgentAccounts, Agents
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.tickets import read_grant, sealed_fields
from gateway.settings import Helpdesk

SERVICE = helpdesk.SERVICE
"""The service of all events of agents, in audit and rate limits."""
PURPOSE = "agent session"


@dataclass(frozen=True, slots=True)
class AgentSession:
    """A session of an agent who has shown password and second factor."""

    grant: Grant
    """The agent's account as it was at the sign-in."""
    id: str
    """The same in every copy of the session."""
    network: str
    """The network from which the agent signed in: an IPv4 address, or the /64 of an IPv6 address."""
    ends_at: int
    """Seconds since 1970, UTC: the end in any case."""

    @property
    def login(self) -> str:
        """The agent's login."""
        return self.grant.login


@dataclass(frozen=True, slots=True)
class AgentSessions:
    """Starts, reads and ends sessions."""

    events: Events
    tickets: Tickets
    ended: ReplayCache
    accounts: AgentAccounts
    agents: Agents
    settings: Helpdesk
    now: Callable[[], float] = time.time

    def start(self, grant: Grant, caller: Caller) -> AgentSession:
        """Return a new session for an agent who has shown both factors, and record it."""
        ends_at = int(self.now()) + 3600 * self.settings.max_hours
        self.events.record(SERVICE, "signed_in", caller, login=grant.login)
        return AgentSession(grant, secrets.token_hex(16), neighbourhood(caller.address), ends_at)

    def seal(self, session: AgentSession) -> str:
        """Return the session as text, which is valid until nothing was asked for `idle_minutes`."""
        idle_end = int(self.now()) + 60 * self.settings.idle_minutes
        payload = {
            "grant": sealed_fields(session.grant),
            "id": session.id,
            "network": session.network,
            "ends_at": session.ends_at,
        }
        return self.tickets.reissue(PURPOSE, payload, min(idle_end, session.ends_at))

    def read(self, text: str, caller: Caller) -> AgentSession | None:
        """Return the session in `text` if it is still one: it is looked at anew for every request. Raises Outage.

        It ends when the agent signs out, is no longer an agent, changes the password, or when the account is closed.
        A copy from another address is refused.
        """
        opened = self.tickets.open(PURPOSE, text) if text else TokenError.INVALID
        if isinstance(opened, TokenError):
            return None
        session = _session_in(opened.payload)
        with self.events.outages(SERVICE, caller, session.login):
            refused = self._refusal(session, caller)
        if refused:
            self.events.record(SERVICE, "session_refused", caller, login=session.login, why=refused)
            return None
        return session

    def end(self, session: AgentSession, caller: Caller) -> None:
        """End the session and all copies of it. Raises Outage."""
        with self.events.outages(SERVICE, caller, session.login):
            self.ended.add_if_new(session.id, session.ends_at)
        self.events.record(SERVICE, "signed_out", caller, login=session.login)

    def _refusal(self, session: AgentSession, caller: Caller) -> str:
        """Return why the session is over; "" if it is not."""
        if session.network != neighbourhood(caller.address):
            return "other_network"
        if self.ended.has(session.id):
            return "signed_out"
        account = self.accounts.account_for(session.grant)
        if account is None:
            return "account_changed"
        return "" if self.agents.includes(account.dn, account.person.logins) else "no_agent"


def _session_in(payload: dict[str, Any]) -> AgentSession:
    return AgentSession(read_grant(payload["grant"]), payload["id"], payload["network"], payload["ends_at"])
