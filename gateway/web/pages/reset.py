"""Réinitialiser mon mot de passe: prove who you are, then choose a password behind a ticket that serves once.

Where the settings ask for it, a code sent to a private address or phone comes in between. All steps have one address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel.speaklater import LazyString

from gateway.account.errors import DirectoryUnavailable
from gateway.account.model import ChooseRequest, Grant, VerifyIdentityRequest
from gateway.account.outcomes import Changed, Granted, InitialRestored, Refusal, Refused
from gateway.protection.tickets import TokenError
from gateway.settings import ResetMode
from gateway.web.desk import Desk
from gateway.web.forms import ChooseForm, VerifyIdentityForm
from gateway.web.pages.code import ChannelPage, CodePage
from gateway.web.pages.service import REFUSED, ServicePage
from gateway.web.pages.ticket import TicketPage


@dataclass(frozen=True, slots=True)
class ResetServices:
    prove: Callable[[VerifyIdentityRequest], Granted | Refused]
    choose: Callable[[ChooseRequest], Changed | Refused]
    reset_to_initial: Callable[[VerifyIdentityRequest], InitialRestored | Refused]


class ResetPage(ServicePage):
    """The first step, and the door to the others: a form that brings a ticket is a later one."""

    form_class = VerifyIdentityForm
    template = "reset"

    def __init__(self, desk: Desk, services: ResetServices) -> None:
        super().__init__(desk)
        self.services = services
        self.restores_initial = desk.settings.reset.mode is ResetMode.INITIAL
        self.panel = "reset-initial" if self.restores_initial else "reset"
        self.choose_step = ChoosePage(desk, services.choose, self.restart)
        self.code_step = CodePage(desk, next_step=self.choose_step.offer, restart=self.restart)
        self.channel_step = ChannelPage(desk, self.code_step)

    def post(self) -> ResponseReturnValue:
        if "channel" in request.form:
            return self.channel_step.post()
        if "code" in request.form:
            return self.code_step.post()
        if "ticket" in request.form:
            return self.choose_step.post()
        return super().post()

    def form_valid(self, form: VerifyIdentityForm) -> ResponseReturnValue:
        return self._restore(form) if self.restores_initial else self._prove(form)

    def _restore(self, form: VerifyIdentityForm) -> ResponseReturnValue:
        outcome = self.services.reset_to_initial(form.to_request())
        if isinstance(outcome, Refused):
            return self.render_refusal(form, outcome)
        return self.redirect_to_result(
            form, "initial_restored", outcome.person, outcome.propagation, notice="restored"
        )

    def _prove(self, form: VerifyIdentityForm) -> ResponseReturnValue:
        outcome = self.services.prove(form.to_request())
        if isinstance(outcome, Refused):
            return self.render_refusal(form, outcome)
        self.audit(form, "proved")
        return self.channel_step.ask(outcome.grant, outcome.person) or self.choose_step.offer(outcome.grant)

    def restart(self, sentence: str) -> ResponseReturnValue:
        return self.form_invalid(self.form_class(formdata=None), [sentence], REFUSED)


class ChoosePage(TicketPage):
    form_class = ChooseForm
    template = "reset_choose"
    panel = "reset-choose"
    purpose = "reset"

    def __init__(
        self,
        desk: Desk,
        choose: Callable[[ChooseRequest], Changed | Refused],
        restart: Callable[[str], ResponseReturnValue],
    ) -> None:
        super().__init__(desk, restart)
        self.choose = choose

    @staticmethod
    def grant_in(payload: dict[str, Any]) -> Grant:
        return Grant(**payload)

    def offer(self, grant: Grant) -> ResponseReturnValue:
        form = ChooseForm(formdata=None)
        lifetime_seconds = 60 * self.desk.settings.reset.ticket_minutes
        form.ticket.data = self.desk.tickets.issue(self.purpose, asdict(grant), lifetime_seconds)
        return self.show(form)

    def show(
        self, form: Any, sentences: Sequence[str | LazyString] | None = None, *, min_length: int = 0, **more: Any
    ) -> str:
        """The ticket itself says whose password it is: password managers save it under that login."""
        ticket = self.desk.tickets.open(self.purpose, form.ticket.data or "")
        if isinstance(ticket, TokenError):
            return super().show(form, sentences, login="", min_length=min_length, **more)
        grant = self.grant_in(ticket.payload)
        return super().show(form, sentences, login=grant.login, min_length=max(min_length, grant.min_length), **more)

    def check_preconditions(self, form: Any) -> ResponseReturnValue | None:
        """The form that comes back after a refusal brings a new ticket."""
        stopped = super().check_preconditions(form)
        if stopped is None:
            self.renew(form, form.spent.payload)
        return stopped

    def form_valid(self, form: Any) -> ResponseReturnValue:
        try:
            outcome = self.choose(ChooseRequest(form.grant, form.new))
        except DirectoryUnavailable:
            self.desk.tickets.give_back(form.spent)
            raise
        if isinstance(outcome, Changed):
            return self.redirect_to_result(form, "reset", outcome.person, outcome.propagation, notice="reset")
        if outcome.code is Refusal.GRANT_VOID:
            self.audit(form, outcome.code)
            return self.restart(self.desk.sentences(outcome)[0])
        # Nothing was changed: whoever goes back in the browser sends the old ticket.
        self.desk.tickets.give_back(form.spent)
        return self.render_refusal(form, outcome)
