"""The sign-in of agents of the helpdesk, and the password that they type again before each change."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.account.model import Account, Grant, LockedOut, Secret
from gateway.account.outcomes import Granted, Refusal, Refused
from gateway.account.ports import Admits
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
        """Return why the agent of `session` may not change anything; None if the password is right. Raises Outage.

        Only wrong passwords use up attempts of the account: an agent types the right one before each change, many
        times a day. `rate_limits.per_agent` limits the changes.
        """
        if limited := self.events.count(Attempt(SERVICE, caller.address), caller):
            return limited
        with self.events.outages(SERVICE, caller, session.login):
            account = self._confirmed(session.login, password, caller)
        if account and account.uuid == session.grant.uuid and not _must_change(account):
            return None
        refused = Refused(Refusal.CREDENTIALS)
        self.events.record_refusal(SERVICE, caller, refused, session.login)
        return refused

    def _confirmed(self, login: str, password: Secret, caller: Caller) -> Account | None:
        if not password:
            return None
        limiter, tried = self.events.rate_limiter, list[str]()

        def has_attempts(account: str) -> bool:
            tried.append(account)
            return limiter.account_has_attempts(change.SERVICE, account)

        account = self.uniform.run(lambda: self._agent(login, password, has_attempts, caller))
        if account is None:
            for one in tried:
                limiter.admits_account(change.SERVICE, one)
        return account

    def _verify(self, login: str, password: Secret, caller: Caller) -> Granted | PasswordToChange | Refused:
        if not password:
            return Refused(Refusal.CREDENTIALS)
        admits = self.events.account_limit(change.SERVICE, caller)
        account = self.uniform.run(lambda: self._agent(login, password, admits, caller))
        if account is None:
            return Refused(Refusal.CREDENTIALS)
        if _must_change(account):
            self.events.record(SERVICE, "password_to_change", caller, login=login)
            return PasswordToChange()
        grant = Grant(login=account.person.login, uuid=account.uuid, password_stamp=account.password_stamp)
        return Granted(grant, account.person)

    def _agent(self, login: str, password: Secret, admits: Admits, caller: Caller) -> Account | None:
        """Return the account if the password opens it and if it is an agent's.

        The directory counts wrong passwords of all entry points together, and so does the limit of the account.
        """
        account = self.accounts.authenticate(login, password, admits)
        if isinstance(account, LockedOut):
            self.events.record_lock_out(account.person, caller)
            return None
        if account is None:
            return None
        if self.agents.includes(account.dn, account.person.logins):
            return account
        self.events.record(SERVICE, "no_agent", caller, login=login)
        return None


def _must_change(account: Account) -> bool:
    return account.password_expired or account.person.initial_password


def agent_code_steps(events: Events, tickets: Tickets) -> TicketSteps:
    """Return the steps of an agent's second factor; a ticket of a reset cannot be used here, nor the other way."""
    return TicketSteps(events, tickets, "agent code", CODE, lambda payload: read_grant(payload["grant"]))
