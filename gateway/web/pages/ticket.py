"""What the later steps of a reset share: a form that brings a ticket, and each attempt spends it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from flask.typing import ResponseReturnValue

from gateway.account.model import Grant
from gateway.protection.tickets import Void
from gateway.web import wording
from gateway.web.desk import Desk
from gateway.web.forms import TicketForm
from gateway.web.pages.service import FormPage


class TicketPage(FormPage):
    form_class: ClassVar[type[TicketForm]]
    purpose: ClassVar[str]

    def __init__(self, desk: Desk, start_again: Callable[[str], ResponseReturnValue]) -> None:
        super().__init__(desk)
        self.start_again = start_again

    @staticmethod
    @abstractmethod
    def grant_in(payload: dict[str, Any]) -> Grant:
        """Whose reset this ticket is."""

    def attend(self, form: Any) -> ResponseReturnValue:
        """A form without a ticket of ours names nobody, so it is sent back before anything else."""
        ticket = self.desk.tickets.open(self.purpose, form.ticket.data or "")
        if isinstance(ticket, Void):
            return self._is_over(ticket)
        form.grant = self.grant_in(ticket.payload)
        return super().attend(form)

    def guard(self, form: Any) -> ResponseReturnValue | None:
        """The ticket is spent once the throttle lets the attempt through; `form.spent` then holds it."""
        if held_up := super().guard(form):
            return held_up
        ticket = self.desk.tickets.spend(self.purpose, form.ticket.data or "")
        if isinstance(ticket, Void):
            return self._is_over(ticket)
        form.spent = ticket
        return None

    def _is_over(self, void: Void) -> ResponseReturnValue:
        if void is Void.SPENT:
            return self.start_again(str(wording.TICKET_SPENT))
        minutes = self.desk.settings.reset.ticket_minutes
        return self.start_again(wording.filled(wording.TICKET_EXPIRED, minutes=minutes))

    def renew(self, form: Any, payload: dict[str, Any]) -> None:
        """Give the form another ticket, which ends when the one that was spent would have."""
        form.ticket.data = self.desk.tickets.reissue(self.purpose, payload, form.spent.expires)
