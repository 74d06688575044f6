"""The sign-in of agents: password, then a code. All steps have the same address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from gateway.account.model import Grant
from gateway.account.outcomes import Granted, Refused
from gateway.protection.tickets import TokenError
from gateway.services.agent_sessions import SERVICE
from gateway.services.agent_sign_in import PasswordToChange
from gateway.services.caller import Caller, EntryPoint
from gateway.services.outcomes import RateLimited
from gateway.services.second_factor import Begun, NoChannel
from gateway.services.services import AgentServices
from gateway.web import client_info, messages
from gateway.web.agents import session_cookie
from gateway.web.agents.forms import AgentSignInForm
from gateway.web.forms import ChannelForm
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.code import ChannelPage, CodePage
from gateway.web.pages.form_page import REFUSED, SAVED, FormPage
from gateway.web.sentences import Sentences

ENDED = "fin"
"""Parameter of the address for an agent whose session is over."""


class AgentCodePage(CodePage):
    """The step in which the agent types the code."""

    template = step = "agent_code"


class AgentChannelPage(ChannelPage):
    """The step in which an agent with several channels chooses one."""

    template = step = "agent_channel"

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows; an agent without a channel cannot sign in."""
        if isinstance(outcome, NoChannel):
            return self.restart(str(messages.AGENT_WITHOUT_CHANNEL))
        return super().after(form, outcome)


class SignInPage(FormPage):
    """The first step. A form with a ticket belongs to a later step, and the page of that step serves it."""

    form_class = AgentSignInForm
    template = "agent_sign_in"
    panel = "agent-sign-in"

    def __init__(self, sentences: Sentences, states: PageStates, services: AgentServices) -> None:
        super().__init__(sentences, states)
        self.services = services
        second_factor = services.second_factor
        self.code_step = AgentCodePage(sentences, states, second_factor, self.restart, next_step=self.open_session)
        self.channel_step = AgentChannelPage(sentences, states, second_factor, self.code_step)

    def get(self, step: str = "") -> ResponseReturnValue:
        """Show the form, and say so if a session has just ended."""
        if ENDED in request.args:
            return self.show(PageState(self.step, sentences=[str(messages.AGENT_SESSION_OVER)]))
        return super().get(step)

    def post(self) -> ResponseReturnValue:
        """Hand the form of a later step to its page, which the fields of the form identify."""
        if "channel" in request.form:
            return self.channel_step.post()
        if "code" in request.form:
            return self.code_step.post()
        return super().post()

    def show_next(self, state: PageState | None) -> ResponseReturnValue:
        """Show what follows a sent form of any step; the first form once the ticket of the step is over."""
        for step in (self.code_step, self.channel_step):
            if state and state.step == step.step:
                opened = step.steps.open(state.facts.get("ticket", ""))
                if isinstance(opened, TokenError):
                    return self.show(self.restart(self.sentences.ticket_void(opened)))
                return step.show_next(state)
        return super().show_next(state)

    def submit(self, form: AgentSignInForm, caller: Caller) -> Begun | PasswordToChange | Refused | RateLimited:
        """Verify the password, and begin the second factor. Raises Outage."""
        outcome = self.services.sign_in.verify_password(str(form.login.data), form.password, caller)
        if not isinstance(outcome, Granted):
            return outcome
        return self.services.second_factor.begin(outcome.grant, outcome.person, caller, service=SERVICE)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows an outcome, also one of `SecondFactorService.begin`."""
        if isinstance(outcome, PasswordToChange):
            return self.state(form, [messages.AGENT_PASSWORD_TO_CHANGE], REFUSED)
        if not self.channel_step.follows(outcome):
            return super().after(form, outcome)
        state = self.channel_step.after(ChannelForm(formdata=None), outcome)
        return replace(state, values=form.kept())

    def restart(self, sentence: str) -> PageState:
        """Return the first form again, with a sentence that says why."""
        sentences: Sequence[str] = [sentence]
        return self.state(self.form_class(formdata=None), sentences, REFUSED)

    def open_session(self, grant: Grant) -> PageState:
        """Start the session of an agent who has shown both factors, and lead to the search."""
        session = self.services.sessions.start(grant, client_info.caller(EntryPoint.PAGE))
        session_cookie.begin(session)
        return PageState(SAVED, facts={"result": url_for("agents.search")})
