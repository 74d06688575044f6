"""Réinitialiser mon mot de passe: prove who you are, then choose a password behind a ticket that serves once.

Where the settings ask for it, a code sent to a private address or phone comes in between. All steps have one address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from gateway.account.model import ChooseRequest, Grant, ProveRequest
from gateway.account.outcomes import Changed, Granted, InitialRestored, Refusal, Refused
from gateway.protection.tickets import Ticket, Void
from gateway.settings import ResetMode
from gateway.web import wording
from gateway.web.desk import Desk
from gateway.web.forms import ChooseForm, ProveForm
from gateway.web.pages.code import CodePage
from gateway.web.pages.service import REFUSED, FormPage, ServicePage

PURPOSE = "reset"


@dataclass(frozen=True, slots=True)
class ResetServices:
    prove: Callable[[ProveRequest], Granted | Refused]
    choose: Callable[[ChooseRequest], Changed | Refused]
    restore_initial: Callable[[ProveRequest], InitialRestored | Refused]


class ResetPage(ServicePage):
    """The first step, and the door to the others: a form that brings a ticket is a later one."""

    form_class = ProveForm
    template = "reset"

    def __init__(self, desk: Desk, services: ResetServices) -> None:
        super().__init__(desk)
        self.services = services
        self.restores_initial = desk.settings.reset.mode is ResetMode.INITIAL
        self.panel = "reset-initial" if self.restores_initial else "reset"
        self.choose_step = ChoosePage(desk, services.choose, self)
        self.code_step = CodePage(desk, go_on=self._let_choose, start_again=self.start_again)

    def post(self) -> ResponseReturnValue:
        if "code" in request.form:
            return self.code_step.post()
        if "ticket" in request.form:
            return self.choose_step.post()
        return super().post()

    def serve(self, form: ProveForm) -> ResponseReturnValue:
        return self._restore(form) if self.restores_initial else self._prove(form)

    def _restore(self, form: ProveForm) -> ResponseReturnValue:
        outcome = self.services.restore_initial(form.to_request())
        if isinstance(outcome, Refused):
            return self.refuse(form, outcome)
        return self.done(form, "initial_restored", outcome.person, outcome.propagation, notice="restored")

    def _prove(self, form: ProveForm) -> ResponseReturnValue:
        outcome = self.services.prove(form.to_request())
        if isinstance(outcome, Refused):
            return self.refuse(form, outcome)
        self.note(form, "proved")
        return self.code_step.ask(outcome.grant, outcome.person) or self._let_choose(outcome.grant)

    def _let_choose(self, grant: Grant) -> ResponseReturnValue:
        lifetime_seconds = 60 * self.desk.settings.reset.ticket_minutes
        return self.choose_step.offer(self.desk.tickets.issue(PURPOSE, asdict(grant), lifetime_seconds))

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
        """A form without a ticket of ours names nobody, so it is sent back before anything else."""
        ticket = self.desk.tickets.open(PURPOSE, form.ticket.data or "")
        if isinstance(ticket, Void):
            return self.first_step.start_again(wording.TICKET_EXPIRED)
        form.grant = Grant(**ticket.payload)
        return super().attend(form)

    def guard(self, form: Any) -> ResponseReturnValue | None:
        """Every attempt spends its ticket; the form that comes back after a refusal brings a new one, no longer."""
        held_up = super().guard(form)
        if held_up:
            return held_up
        tickets = self.desk.tickets
        ticket = tickets.spend(PURPOSE, form.ticket.data or "")
        if not isinstance(ticket, Ticket):
            return self.first_step.start_again(
                wording.TICKET_SPENT if ticket is Void.SPENT else wording.TICKET_EXPIRED
            )
        form.ticket.data = tickets.reissue(PURPOSE, ticket.payload, ticket.expires)
        return None

    def serve(self, form: Any) -> ResponseReturnValue:
        outcome = self.choose(ChooseRequest(form.grant, form.new))
        if isinstance(outcome, Changed):
            return self.done(form, "reset", outcome.person, outcome.propagation, notice="reset")
        if outcome.code is Refusal.GRANT_VOID:
            self.note(form, outcome.code)
            return self.first_step.start_again(self.desk.sentences(outcome)[0])
        return self.refuse(form, outcome)
