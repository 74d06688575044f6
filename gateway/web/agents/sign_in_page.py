"""The sign-in of agents: password, then a passkey or a code. All steps have the same address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from gateway.account.model import Grant
from gateway.account.outcomes import Granted, Refused
from gateway.services.agent_factors import AgentFactors, AskPasskey, NoPasskey
from gateway.services.agent_sign_in import PasswordToChange
from gateway.services.caller import Caller, EntryPoint
from gateway.services.outcomes import RateLimited
from gateway.services.second_factor import Begun, NoChannel
from gateway.services.services import AgentServices
from gateway.services.tickets import UsedTicket
from gateway.web import client_info, messages
from gateway.web.agents import session_cookie
from gateway.web.agents.forms import AgentPasskeyForm, AgentSignInForm
from gateway.web.forms import ChannelForm
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.code import ChannelPage, CodePage
from gateway.web.pages.form_page import REFUSED, SAVED, FormPage
from gateway.web.pages.ticket_page import Restart, TicketPage, show_step
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


class AgentPasskeyPage(TicketPage):
    """The step in which the agent shows a passkey, or asks for a code in its place."""

    form_class = AgentPasskeyForm
    template = step = "agent_passkey"
    panel = "agent-sign-in"

    def __init__(
        self,
        sentences: Sentences,
        states: PageStates,
        factors: AgentFactors,
        restart: Restart,
        channel_step: AgentChannelPage,
    ) -> None:
        super().__init__(sentences, states, factors.steps, restart)
        self.factors = factors
        self.channel_step = channel_step

    def render(self, form: Any, state: PageState, **more: object) -> str:
        """Return the page with the question for the browser."""
        question = self.factors.question(form.ticket.data or "")
        return super().render(form, state, question=question, takes_codes=self.factors.takes_codes, **more)

    def submit_used(self, form: Any, used: UsedTicket, caller: Caller) -> Begun | Refused:
        """Verify the answer, or send a code in its place. Raises Outage."""
        if form.leave.data:
            return self.factors.send_code(used, caller)
        return self.factors.prove(used, form.answer.data or "", caller)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows; a passkey that is refused leads back to the password."""
        if isinstance(outcome, Refused):
            return self.restart(str(messages.AGENT_PASSKEY_REFUSED))
        if self.channel_step.follows(outcome):
            return self.channel_step.after(ChannelForm(formdata=None), outcome)
        return super().after(form, outcome)

    def ask(self, outcome: AskPasskey) -> PageState:
        """Return the form that asks for a passkey."""
        return self.state(self.form_class(formdata=None, data={"ticket": outcome.ticket}))


class SignInPage(FormPage):
    """The first step. A form with a ticket belongs to a later step, and the page of that step serves it."""

    form_class = AgentSignInForm
    template = "agent_sign_in"
    panel = "agent-sign-in"

    def __init__(self, sentences: Sentences, states: PageStates, services: AgentServices) -> None:
        super().__init__(sentences, states)
        self.services = services
        factors = services.second_factor
        self.code_step = AgentCodePage(sentences, states, factors.codes, self.restart, next_step=self.open_session)
        self.channel_step = AgentChannelPage(sentences, states, factors.codes, self.code_step)
        self.passkey_step = AgentPasskeyPage(sentences, states, factors, self.restart, self.channel_step)

    def get(self, step: str = "") -> ResponseReturnValue:
        """Show the form, and say so if a session has just ended."""
        if ENDED in request.args:
            return self.show(PageState(self.step, sentences=[str(messages.AGENT_SESSION_OVER)]))
        return super().get(step)

    def post(self) -> ResponseReturnValue:
        """Hand the form of a later step to its page, which the fields of the form identify."""
        if "answer" in request.form:
            return self.passkey_step.post()
        if "channel" in request.form:
            return self.channel_step.post()
        if "code" in request.form:
            return self.code_step.post()
        return super().post()

    def show_next(self, state: PageState | None) -> ResponseReturnValue:
        """Show what follows a sent form of any step; the first form once the ticket of the step is over."""
        steps = (self.passkey_step, self.code_step, self.channel_step)
        shown = show_step(steps, state, lambda sentence: self.show(self.restart(sentence)))
        return super().show_next(state) if shown is None else shown

    def submit(
        self, form: AgentSignInForm, caller: Caller
    ) -> AskPasskey | NoPasskey | Begun | PasswordToChange | Refused | RateLimited:
        """Verify the password, and begin the second factor. Raises Outage."""
        outcome = self.services.sign_in.verify_password(str(form.login.data), form.password, caller)
        if not isinstance(outcome, Granted):
            return outcome
        return self.services.second_factor.begin(outcome.grant, outcome.person, caller)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows an outcome, also one of `AgentFactors.begin`."""
        if isinstance(outcome, PasswordToChange):
            return self.state(form, [messages.AGENT_PASSWORD_TO_CHANGE], REFUSED)
        if isinstance(outcome, NoPasskey):
            return self.state(form, [messages.AGENT_WITHOUT_PASSKEY], REFUSED)
        if isinstance(outcome, AskPasskey):
            return replace(self.passkey_step.ask(outcome), values=form.kept())
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
