"""Réinitialiser mon mot de passe: prove who you are, then choose a password behind a ticket that serves once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from gateway.account.model import ChooseRequest, Grant, ProveRequest
from gateway.account.outcomes import Changed, Granted, InitialRestored, Refusal, Refused
from gateway.protection.tickets import Void
from gateway.settings import ResetMode
from gateway.web import wording
from gateway.web.forms import ChooseForm, ProveForm
from gateway.web.pages.service import REFUSED, Desk, FormPage, ServicePage

PURPOSE = "reset"


@dataclass(frozen=True, slots=True)
class ResetServices:
    prove: Callable[[ProveRequest], Granted | Refused]
    choose: Callable[[ChooseRequest], Changed | Refused]
    restore_initial: Callable[[ProveRequest], InitialRestored | Refused]


class ResetPage(ServicePage):
    """Both steps have one address; a form that brings a ticket is the second."""

    form_class = ProveForm
    template = "reset"

    def __init__(self, desk: Desk, services: ResetServices) -> None:
        super().__init__(desk)
        self.services = services
        self.restores_initial = desk.settings.reset.mode is ResetMode.INITIAL
        self.panel = "reset-initial" if self.restores_initial else "reset"
        self.second_step = ChoosePage(desk, services.choose, self)

    def post(self) -> ResponseReturnValue:
        if "ticket" in request.form:
            return self.second_step.post()
        return super().post()

    def serve(self, form: ProveForm) -> ResponseReturnValue:
        return self._restore(form) if self.restores_initial else self._prove(form)

    def _restore(self, form: ProveForm) -> ResponseReturnValue:
        outcome = self.services.restore_initial(form.to_request())
        if isinstance(outcome, Refused):
            return self.refuse(form, outcome)
        return self.done("initial_restored", outcome.login, outcome.propagation)

    def _prove(self, form: ProveForm) -> ResponseReturnValue:
        outcome = self.services.prove(form.to_request())
        if isinstance(outcome, Refused):
            return self.refuse(form, outcome)
        lifetime_seconds = 60 * self.desk.settings.reset.ticket_minutes
        ticket = self.desk.tickets.issue(PURPOSE, asdict(outcome.grant), lifetime_seconds)
        return self.second_step.offer(ticket)

    def start_again(self, sentence: str) -> ResponseReturnValue:
        return self.turn_down(self.form_class(formdata=None), [sentence], REFUSED)


class ChoosePage(FormPage):
    form_class = ChooseForm
    template = "reset_choose"
    panel = "reset-choose"

    def __init__(
        self, desk: Desk, choose: Callable[[ChooseRequest], Changed | Refused], first_step: ResetPage
    ) -> None:
        super().__init__(desk)
        self.choose = choose
        self.first_step = first_step

    def offer(self, ticket: str) -> ResponseReturnValue:
        form = ChooseForm(formdata=None)
        form.ticket.data = ticket
        return self.show(form)

    def attend(self, form: ChooseForm) -> ResponseReturnValue:
        """Every attempt spends its ticket; the form that comes back after a refusal brings a new one, no longer."""
        tickets = self.desk.tickets
        ticket = tickets.spend(PURPOSE, form.ticket.data or "")
        if isinstance(ticket, Void):
            sentence = wording.TICKET_SPENT if ticket is Void.SPENT else wording.TICKET_EXPIRED
            return self.first_step.start_again(sentence)
        form.ticket.data = tickets.reissue(PURPOSE, ticket.payload, ticket.expires)
        form.grant = Grant(**ticket.payload)
        return super().attend(form)

    def serve(self, form: Any) -> ResponseReturnValue:
        outcome = self.choose(ChooseRequest(form.grant, form.new))
        if isinstance(outcome, Changed):
            return self.done("reset", outcome.login, outcome.propagation)
        if outcome.code is Refusal.GRANT_VOID:
            return self.first_step.start_again(self.desk.sentences(outcome)[0])
        return self.refuse(form, outcome)
