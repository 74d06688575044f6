"""The common part of the later steps of a reset: a form with a ticket, which each attempt uses up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask.typing import ResponseReturnValue

from gateway.services.caller import Caller
from gateway.services.outcomes import TicketVoid
from gateway.services.tickets import TicketSteps, UsedTicket
from gateway.web.forms import TicketForm
from gateway.web.pages.form_page import FormPage
from gateway.web.sentences import Sentences

Restart = Callable[[str], ResponseReturnValue]
"""Shows the first step of the reset again, with a sentence that says why."""


class TicketPage(FormPage):
    """A page whose form is accepted only with a valid ticket."""

    form_class: ClassVar[type[TicketForm]]

    def __init__(self, sentences: Sentences, steps: TicketSteps, restart: Restart) -> None:
        super().__init__(sentences)
        self.steps = steps
        self.restart = restart

    def submit(self, form: Any, caller: Caller) -> object:
        """Use the ticket up, then call `submit_used`; else return TicketVoid or RateLimited. Raises Outage."""
        used = self.steps.use(form.ticket.data or "", caller)
        return self.submit_used(form, used, caller) if isinstance(used, UsedTicket) else used

    def submit_used(self, form: Any, used: UsedTicket, caller: Caller) -> object:
        """Hand the form and its used ticket to the service, and return the outcome. Raises Outage."""
        raise NotImplementedError

    def render(self, form: Any, outcome: object) -> ResponseReturnValue:
        """Show an outcome; a ticket that is void leads back to the first step."""
        if isinstance(outcome, TicketVoid):
            return self.restart(self.sentences.ticket_void(outcome.reason))
        return super().render(form, outcome)
