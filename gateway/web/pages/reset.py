"""The page "Réinitialiser mon mot de passe": verify who the person is, then let them choose a password.

If the settings require a second factor, a step between the two asks for a code that was sent to a private mail
address or phone. All steps have the same address.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel.speaklater import LazyString

from gateway.account.model import Grant
from gateway.account.outcomes import Granted, Refusal, Refused
from gateway.protection.tickets import TokenError
from gateway.services.caller import Caller
from gateway.services.outcomes import NotHuman, RateLimited, Saved
from gateway.services.reset import SERVICE, ResetService
from gateway.services.robots import RobotService
from gateway.services.second_factor import Begun, SecondFactorService
from gateway.services.tickets import UsedTicket
from gateway.settings import ResetMode
from gateway.web.forms import ChannelForm, ChooseForm, VerifyIdentityForm
from gateway.web.pages.code import ChannelPage, CodePage
from gateway.web.pages.form_page import REFUSED, ServicePage
from gateway.web.pages.ticket_page import Restart, TicketPage
from gateway.web.sentences import Sentences


class ResetPage(ServicePage):
    """The first step. A form with a ticket belongs to a later step, and the page of that step serves it."""

    form_class = VerifyIdentityForm
    template = "reset"

    def __init__(
        self, sentences: Sentences, robots: RobotService, service: ResetService, second_factor: SecondFactorService
    ) -> None:
        super().__init__(sentences, robots)
        self.service = service
        self.second_factor = second_factor
        self.restores_initial = sentences.settings.reset.mode is ResetMode.INITIAL
        self.panel = "reset-initial" if self.restores_initial else "reset"
        self.choose_step = ChoosePage(sentences, service, self.restart)
        self.code_step = CodePage(sentences, second_factor, self.restart, next_step=self.choose_step.offer)
        self.channel_step = ChannelPage(sentences, second_factor, self.code_step)

    def post(self) -> ResponseReturnValue:
        """Hand the form of a later step to its page, which the fields of the form identify."""
        if "channel" in request.form:
            return self.channel_step.post()
        if "code" in request.form:
            return self.code_step.post()
        if "ticket" in request.form:
            return self.choose_step.post()
        return super().post()

    def submit(self, form: VerifyIdentityForm, caller: Caller) -> Saved | Begun | Refused | RateLimited | NotHuman:
        """Verify who the person is, and begin the second factor. Raises Outage.

        In the mode `initial` the initial password is set instead, and no further step follows.
        """
        identity = form.to_request()
        if stopped := self.verify_robot(form, self.service.attempt(identity, caller), caller):
            return stopped
        if self.restores_initial:
            return self.service.restore_initial(identity, caller)
        outcome = self.service.verify_identity(identity, caller)
        if not isinstance(outcome, Granted):
            return outcome
        return self.second_factor.begin(outcome.grant, outcome.person, caller, service=SERVICE)

    def render(self, form: Any, outcome: object) -> ResponseReturnValue:
        """Show an outcome, also one of `SecondFactorService.begin`."""
        if self.channel_step.shows(outcome):
            return self.channel_step.render(ChannelForm(formdata=None), outcome)
        return super().render(form, outcome)

    def restart(self, sentence: str) -> ResponseReturnValue:
        """Show the empty first form again, with a sentence that says why."""
        return self.form_invalid(self.form_class(formdata=None), [sentence], REFUSED)


class ChoosePage(TicketPage):
    """The last step, in which the person chooses a password."""

    form_class = ChooseForm
    template = "reset_choose"
    panel = "reset-choose"

    def __init__(self, sentences: Sentences, service: ResetService, restart: Restart) -> None:
        super().__init__(sentences, service.steps, restart)
        self.service = service

    def offer(self, grant: Grant) -> ResponseReturnValue:
        """Show the form in which the owner of `grant` chooses a password."""
        form = ChooseForm(formdata=None)
        form.ticket.data = self.service.offer_choice(grant)
        return self.show(form)

    def show(
        self, form: Any, sentences: Sequence[str | LazyString] | None = None, *, min_length: int = 0, **more: Any
    ) -> str:
        """Return the page with the login that the ticket contains: password managers save the password under it."""
        ticket = self.steps.open(form.ticket.data or "")
        if isinstance(ticket, TokenError):
            return super().show(form, sentences, login="", min_length=min_length, **more)
        grant = self.steps.grant_in(ticket.payload)
        return super().show(form, sentences, login=grant.login, min_length=max(min_length, grant.min_length), **more)

    def submit_used(self, form: Any, used: UsedTicket, caller: Caller) -> Saved | Refused:
        """Set the password. After a refusal the form is shown again with a new ticket. Raises Outage."""
        form.ticket.data = self.steps.renew(used)
        return self.service.choose(used, form.new, caller)

    def render(self, form: Any, outcome: object) -> ResponseReturnValue:
        """Show an outcome; a grant that is void leads back to the first step."""
        if isinstance(outcome, Refused) and outcome.code is Refusal.GRANT_VOID:
            return self.restart(self.sentences.refused(outcome)[0])
        return super().render(form, outcome)
