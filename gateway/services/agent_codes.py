"""The codes that agents give on the helpdesk's pages, each time after their own password."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from gateway.account.model import Secret
from gateway.account.outcomes import Refused
from gateway.services.agent_people import Look
from gateway.services.agent_sessions import SERVICE, AgentSession
from gateway.services.agent_sign_in import AgentSignIn
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import RateLimited
from gateway.services.reset_codes import Approved, Closed, CodeRefused, Given, Requested, ResetCodeService


class CodeAction(StrEnum):
    """What an agent does about a code. The values are those of the buttons."""

    GIVE = "give_code"
    APPROVE = "approve_code"
    CLOSE = "close_code"


CodeOutcome = Given | Requested | Approved | Closed | CodeRefused


@dataclass(frozen=True, slots=True)
class AgentCodes:
    """Gives, approves and closes codes for an agent who looked at the person."""

    events: Events
    sign_in: AgentSignIn
    codes: ResetCodeService

    def act(
        self,
        session: AgentSession,
        look: Look,
        action: CodeAction,
        password: Secret,
        caller: Caller,
        *,
        requested_by: str = "",
    ) -> CodeOutcome | Refused | RateLimited:
        """Do what the agent asks for, after the agent's own password; the service of the codes counts and audits.

        `requested_by`: the login of the agent whose request is approved. Raises Outage.
        """
        if refused := self.sign_in.confirm(session, password, caller):
            return refused
        with self.events.outages(SERVICE, caller, look.login):
            match action:
                case CodeAction.GIVE:
                    return self.codes.give(look.login, session.login, look.reason, caller)
                case CodeAction.APPROVE:
                    return self.codes.approve(look.login, session.login, requested_by, caller)
                case CodeAction.CLOSE:
                    return self.codes.close(look.login, session.login, look.reason, caller)
                case _:
                    assert_never(action)
