"""The common part of the later steps of a reset: a form with a ticket, which each attempt uses up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from flask.typing import ResponseReturnValue
from flask_babel.speaklater import LazyString

from gateway.protection.tickets import TokenError
from gateway.services.caller import Caller
from gateway.services.outcomes import TicketVoid
from gateway.services.tickets import TicketSteps, UsedTicket
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.form_page import FormPage, is_from_here
from gateway.web.sent_form import TicketForm
from gateway.web.sentences import Sentences

Restart = Callable[[str], PageState]
"""Returns the first step of the reset again, with a sentence that says why."""


class TicketPage(FormPage):
    """A page whose form is accepted only with a valid ticket."""

    form_class: ClassVar[type[TicketForm]]

    def __init__(self, sentences: Sentences, states: PageStates, steps: TicketSteps, restart: Restart) -> None:
        super().__init__(sentences, states)
        self.steps = steps
        self.restart = restart

    def submit(self, form: Any, caller: Caller) -> object:
        """Use the ticket up, then call `submit_used`; else return TicketVoid or RateLimited. Raises Outage."""
        used = self.steps.use(form.ticket.data or "", caller)
        return self.submit_used(form, used, caller) if isinstance(used, UsedTicket) else used

    def submit_used(self, form: Any, used: UsedTicket, caller: Caller) -> object:
        """Hand the form and its used ticket to the service, and return the outcome. Raises Outage."""
        raise NotImplementedError

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows an outcome; a ticket that is void leads back to the first step."""
        if isinstance(outcome, TicketVoid):
            return self.restart(self.sentences.ticket_void(outcome.reason))
        return super().after(form, outcome)

    def state(
        self, form: Any, sentences: Sequence[str | LazyString] = (), status: int = 200, **facts: object
    ) -> PageState:
        """Return the state that shows `form` with its ticket. What was typed into the first step stays available."""
        # What is no ticket of ours leads nowhere, and may be longer than a cookie. Another site may bring one that it
        # was given, for an account of its own.
        ticket = form.ticket.data or ""
        is_usable = is_from_here() and not isinstance(self.steps.open(ticket), TokenError)
        state = super().state(form, sentences, status, ticket=ticket if is_usable else "", **facts)
        former = self.states.read(self.path)
        return replace(state, values=former.values) if former else state

    def show(self, state: PageState) -> ResponseReturnValue:
        """Show the form with its ticket and with the errors."""
        form = self.form_class(formdata=None, data={"ticket": state.facts["ticket"]})
        return self.show_form(form, state)


def show_step(
    steps: Sequence[TicketPage], state: PageState | None, show_restart: Callable[[str], ResponseReturnValue]
) -> ResponseReturnValue | None:
    """Return the page of the step that `state` is of; None if it is of none of `steps`.

    Once the ticket of the step is over, `show_restart` shows the first form with a sentence that says so.
    """
    for step in steps:
        if state and state.step == step.step:
            opened = step.steps.open(state.facts.get("ticket", ""))
            if isinstance(opened, TokenError):
                return show_restart(step.sentences.ticket_void(opened))
            return step.show_next(state)
    return None
