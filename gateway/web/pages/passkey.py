"""The step of a reset in which login and passkey prove who the person is, in the place of number and birth date."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from gateway.account.model import Grant
from gateway.account.outcomes import Granted, Refusal, Refused
from gateway.services.caller import Caller
from gateway.services.outcomes import RateLimited, TicketVoid
from gateway.services.recovery_factors import PasskeyService
from gateway.web import messages
from gateway.web.fields import typed
from gateway.web.forms import PasskeyForm
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.form_page import REFUSED, FormPage
from gateway.web.sentences import Sentences


class ChoiceStep(Protocol):
    """The step in which a password is chosen."""

    def offer(self, grant: Grant) -> PageState:
        """Return the form in which the owner of `grant` chooses a password."""


class PasskeyPage(FormPage):
    """Serves the form with a passkey. What follows is the choice of a password, or the first form again."""

    form_class = PasskeyForm

    def __init__(
        self, sentences: Sentences, states: PageStates, service: PasskeyService, choose_step: ChoiceStep
    ) -> None:
        super().__init__(sentences, states)
        self.service = service
        self.choose_step = choose_step

    def submit(self, form: PasskeyForm, caller: Caller) -> Granted | Refused | RateLimited | TicketVoid:
        """Verify the browser's answer. Raises Outage."""
        login, answer, question = (typed(field) for field in (form.login, form.answer, form.question))
        return self.service.prove(login, answer, question, caller, is_disputed=form.disputed.is_set)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return the choice of a password, or the first form with the login and the reason."""
        match outcome:
            case Granted():
                return self.choose_step.offer(outcome.grant)
            case TicketVoid():
                return self.state(form, [messages.PASSKEY_STALE], REFUSED)
            case Refused() if outcome.code is Refusal.NOT_PROVED:
                hours = self.sentences.settings.recovery.rest_hours
                sentence = messages.filled(messages.PASSKEY_NOT_PROVED, hours=hours)
                return replace(self.state(form, [sentence], REFUSED), errors={})
            case _:
                return super().after(form, outcome)
