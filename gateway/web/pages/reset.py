"""The page "Réinitialiser mon mot de passe": verify who the person is, then let them choose a password.

If the settings require a second factor, a step between the two asks for a code that was sent to a private mail
address or phone. All later steps have the same address.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask.typing import ResponseReturnValue

from gateway.account.model import Grant
from gateway.account.outcomes import Granted, Refusal, Refused
from gateway.protection.tickets import TokenError
from gateway.services.caller import Caller, EntryPoint
from gateway.services.choice import Choice
from gateway.services.outcomes import NotHuman, Outage, RateLimited, Saved
from gateway.services.recovery_factors import PasskeyService
from gateway.services.reset import SERVICE, ResetService
from gateway.services.robots import RobotService
from gateway.services.second_factor import Begun, SecondFactorService
from gateway.services.tickets import UsedTicket
from gateway.settings import ResetMode
from gateway.web import client_info, messages
from gateway.web.forms import (
    AccountForm,
    ChannelForm,
    ChooseForm,
    ExtendForm,
    VerifyIdentityForm,
    VerifyIdentityOrCodeForm,
)
from gateway.web.helpdesk import clock_time
from gateway.web.kept_pages import KeptPages, Tokens
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.code import ChannelPage, CodePage
from gateway.web.pages.form_page import REFUSED, STALE, ServicePage
from gateway.web.pages.passkey import PasskeyPage
from gateway.web.pages.ticket_page import Restart, TicketPage, show_step
from gateway.web.sentences import Sentences


class ResetPage(ServicePage):
    """The first step. A form with a ticket belongs to a later step, and the page of that step serves it."""

    form_class = VerifyIdentityForm
    template = "reset"

    def __init__(
        self,
        sentences: Sentences,
        states: PageStates,
        robots: RobotService,
        kept: KeptPages,
        service: ResetService,
        second_factor: SecondFactorService,
        passkey: PasskeyService | None = None,
    ) -> None:
        super().__init__(sentences, states, robots, kept)
        self.service = service
        self.second_factor = second_factor
        self.restores_initial = sentences.settings.reset.mode is ResetMode.INITIAL
        self.panel = "reset-initial" if self.restores_initial else "reset"
        self.choose_step = ChoosePage(sentences, states, service, self.restart)
        self.code_step = CodePage(sentences, states, second_factor, self.restart, next_step=self.choose_step.offer)
        self.channel_step = ChannelPage(sentences, states, second_factor, self.code_step)
        self.passkey = passkey
        self.passkey_step = passkey and PasskeyPage(sentences, states, passkey, self.choose_step)

    def post(self) -> ResponseReturnValue:
        """Hand the form of a later step to its page, which the fields of the form identify."""
        if self.passkey_step and "question" in request.form:
            return self.passkey_step.post()
        if "account" in request.form:
            return self._begin_with_account()
        if "channel" in request.form:
            return self.channel_step.post()
        if "code" in request.form:
            return self.code_step.post()
        if "ticket" in request.form:
            return self.choose_step.post()
        return super().post()

    def show_next(self, state: PageState | None) -> ResponseReturnValue:
        """Show what follows a sent form of any step; the first form once the ticket of the step is over."""
        steps = (self.choose_step, self.code_step, self.channel_step)
        shown = show_step(steps, state, lambda sentence: self.show(self.restart(sentence)))
        return super().show_next(state) if shown is None else shown

    def tokens(self, asks_captcha: bool) -> dict[str, str]:
        """Return new tokens for one showing of the page, also of the question for a passkey."""
        tokens = super().tokens(asks_captcha)
        if self.passkey:
            tokens["question_ticket"], tokens["question_challenge"] = self.passkey.ask()
        return tokens

    def render_with(self, tokens: Tokens, form: Any, state: PageState, asks_captcha: bool, **more: object) -> str:
        """Return the page, with the question for a passkey beside the form."""
        question = self.passkey.question(tokens["question_challenge"]) if self.passkey else {}
        more |= {"question": question, "question_ticket": tokens.get("question_ticket", "")}
        return super().render_with(tokens, form, state, asks_captcha, **more)

    def submit(self, form: VerifyIdentityForm, caller: Caller) -> Saved | Begun | Refused | RateLimited | NotHuman:
        """Verify who the person is, and begin the second factor. Raises Outage.

        In the mode `initial` the initial password is set instead, and no further step follows.
        """
        identity = form.to_request()
        if stopped := self.verify_robot(form, self.service.attempt(identity, caller), caller):
            return stopped
        if self.restores_initial:
            return self.service.restore_initial(identity, caller, is_disputed=form.disputed.is_set)
        outcome = self.service.verify_identity(identity, caller, is_disputed=form.disputed.is_set)
        if not isinstance(outcome, Granted):
            return outcome
        return self.second_factor.begin(outcome.grant, outcome.person, caller, service=SERVICE)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows an outcome, also one of `SecondFactorService.begin`."""
        if not self.channel_step.follows(outcome):
            return super().after(form, outcome)
        state = self.channel_step.after(ChannelForm(formdata=None), outcome)
        return replace(state, values=form.kept())

    def restart(self, sentence: str) -> PageState:
        """Return the first form again, with what was typed there and a sentence that says why."""
        former = self.states.read(self.path)
        state = self.state(self.form_class(formdata=None), [sentence], REFUSED)
        return replace(state, values=former.values) if former else state

    def _begin_with_account(self) -> ResponseReturnValue:
        """Fill the first form in with the login and birth date of an account that was just found."""
        form, empty = AccountForm(request.form), self.form_class(formdata=None)
        opened = self.states.tickets.open(form.purpose, form.account.data or "")
        if not form.validate() or isinstance(opened, TokenError):
            return self.follow(self.state(empty, [messages.STALE_PAGE], STALE))
        return self.states.follow(self.path, replace(self.state(empty), values=opened.payload), self.path)


class ResetOrCodePage(ResetPage):
    """The same page where the helpdesk gives codes in the place of numbers."""

    form_class = VerifyIdentityOrCodeForm


class ChoosePage(TicketPage):
    """The last step, in which the person chooses a password."""

    form_class = ChooseForm
    template = step = "reset_choose"
    panel = "reset-choose"

    def __init__(self, sentences: Sentences, states: PageStates, service: ResetService, restart: Restart) -> None:
        super().__init__(sentences, states, service.steps, restart)
        self.service = service

    def post(self) -> ResponseReturnValue:
        """Give more time if its button sent the form; else set the password."""
        if "extend" not in request.form:
            return super().post()
        form = ExtendForm(request.form)
        if not form.validate():
            return self.follow(self.state(form, [messages.STALE_PAGE], STALE))
        try:
            outcome = self.service.extend(form.ticket.data or "", client_info.caller(EntryPoint.PAGE))
        except Outage as outage:
            return self.follow(self.after_outage(form, outage))
        if not isinstance(outcome, str):
            return self.follow(self.after(form, outcome))
        form.ticket.data = outcome
        return self.follow(self.state(form))

    def offer(self, grant: Grant) -> PageState:
        """Return the form in which the owner of `grant` chooses a password."""
        form = ChooseForm(formdata=None)
        form.ticket.data = self.service.offer_choice(grant)
        return self.state(form)

    def render(self, form: Any, state: PageState, **more: object) -> str:
        """Return the page with the login that the ticket contains: password managers save the password under it."""
        choice = self.service.choice_in(form.ticket.data or "")
        min_length = max(state.facts.get("min_length", 0), choice.grant.min_length if choice else 0)
        shown = replace(state, facts={**state.facts, "min_length": min_length})
        times = self._times(choice) if choice else {}
        return super().render(form, shown, choice=choice, login=choice.grant.login if choice else "", **times, **more)

    def _times(self, choice: Choice) -> dict[str, object]:
        """Return when the time to choose is over, for people, for the script and for the button."""
        end = datetime.fromtimestamp(choice.ends_at, ZoneInfo(self.sentences.settings.academy.timezone))
        return {
            "ends_at": clock_time(end),
            "seconds_left": max(0, choice.ends_at - int(time.time())),
            "extension_minutes": (choice.latest_end - choice.ends_at) // 60,
        }

    def submit_used(self, form: Any, used: UsedTicket, caller: Caller) -> Saved | Refused:
        """Set the password. After a refusal the form is shown again with a new ticket. Raises Outage."""
        form.ticket.data = self.steps.renew(used)
        return self.service.choose(used, form.new, caller, form.charter.data or "")

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows; a grant that is void leads back to the first step."""
        if isinstance(outcome, Refused) and outcome.code is Refusal.GRANT_VOID:
            return self.restart(self.sentences.refused(outcome)[0])
        return super().after(form, outcome)
