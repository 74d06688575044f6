"""The sign-in of agents of the helpdesk, and the password that they type again before each change."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.account.model import Account, Grant, LockedOut, Secret
from gateway.account.outcomes import Granted, Refusal, Refused
from gateway.account.uniform_time import UniformTime
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.protection.tickets import Tickets
from gateway.services import change
from gateway.services.agent_ports import AgentAccounts, Agents
from gateway.services.agent_sessions import SERVICE, AgentSession
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import RateLimited
from gateway.services.tickets import CODE, TicketSteps, read_grant


@dataclass(frozen=True, slots=True)
class PasswordToChange:
    """The password is right, and has expired or is the initial one: the agent must change it before a sign-in."""


@dataclass(frozen=True, slots=True)
class AgentSignIn:
    """Verifies the password of agents. A person who is no agent is refused like a wrong password."""

    events: Events
    accounts: AgentAccounts
    agents: Agents
    uniform: UniformTime

    def verify_password(
        self, login: str, password: Secret, caller: Caller
    ) -> Granted | PasswordToChange | Refused | RateLimited:
        """Return the right to show the second factor. Raises Outage."""
        attempt = Attempt(SERVICE, caller.address, login=login)
        return self.events.run(attempt, caller, lambda: self._verify(login, password, caller))

    def confirm(self, session: AgentSession, password: Secret, caller: Caller) -> Refused | RateLimited | None:
        """Return why the agent of `session` may not change anything; None if the password is right. Raises Outage."""
        outcome = self.verify_password(session.login, password, caller)
        if isinstance(outcome, Refused | RateLimited):
            return outcome
        is_same = isinstance(outcome, Granted) and outcome.grant.uuid == session.grant.uuid
        return None if is_same else Refused(Refusal.CREDENTIALS)

    def _verify(self, login: str, password: Secret, caller: Caller) -> Granted | PasswordToChange | Refused:
        if not password:
            return Refused(Refusal.CREDENTIALS)
        account = self.uniform.run(lambda: self._agent(login, password, caller))
        if account is None:
            return Refused(Refusal.CREDENTIALS)
        if account.password_expired or account.person.initial_password:
            self.events.record(SERVICE, "password_to_change", caller, login=login)
            return PasswordToChange()
        grant = Grant(login=account.person.login, uuid=account.uuid, password_stamp=account.password_stamp)
        return Granted(grant, account.person)

    def _agent(self, login: str, password: Secret, caller: Caller) -> Account | None:
        """Return the account if the password opens it and if it is an agent's.

        The directory counts wrong passwords of all entry points together, and so does the limit of the account.
        """
        account = self.accounts.authenticate(login, password, self.events.account_limit(change.SERVICE, caller))
        if isinstance(account, LockedOut):
            self.events.record_lock_out(account.person, caller)
            return None
        if account is None:
            return None
        if self.agents.includes(account.dn, account.person.logins):
            return account
        self.events.record(SERVICE, "no_agent", caller, login=login)
        return None


def agent_code_steps(events: Events, tickets: Tickets) -> TicketSteps:
    """Return the steps of an agent's second factor; a ticket of a reset cannot be used here, nor the other way."""
    return TicketSteps(events, tickets, "agent code", CODE, lambda payload: read_grant(payload["grant"]))
