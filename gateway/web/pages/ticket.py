"""What the later steps of a reset share: a form that brings a ticket, and each attempt spends it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from flask.typing import ResponseReturnValue

from gateway.account.model import Grant
from gateway.protection.tickets import TokenError
from gateway.web import messages
from gateway.web.desk import Desk
from gateway.web.forms import TicketForm
from gateway.web.pages.service import FormPage


class TicketPage(FormPage):
    form_class: ClassVar[type[TicketForm]]
    purpose: ClassVar[str]

    def __init__(self, desk: Desk, restart: Callable[[str], ResponseReturnValue]) -> None:
        super().__init__(desk)
        self.restart = restart

    @staticmethod
    @abstractmethod
    def grant_in(payload: dict[str, Any]) -> Grant:
        """Whose reset this ticket is."""

    def handle(self, form: Any) -> ResponseReturnValue:
        """A form without a ticket of ours names nobody, so it is sent back before anything else."""
        ticket = self.desk.tickets.open(self.purpose, form.ticket.data or "")
        if isinstance(ticket, TokenError):
            return self._is_over(ticket)
        form.grant = self.grant_in(ticket.payload)
        return super().handle(form)

    def check_preconditions(self, form: Any) -> ResponseReturnValue | None:
        """The ticket is spent once the rate limit lets the attempt through; `form.spent` then holds it."""
        if held_up := super().check_preconditions(form):
            return held_up
        ticket = self.desk.tickets.consume(self.purpose, form.ticket.data or "")
        if isinstance(ticket, TokenError):
            return self._is_over(ticket)
        form.spent = ticket
        return None

    def _is_over(self, error: TokenError) -> ResponseReturnValue:
        if error is TokenError.REPLAYED:
            return self.restart(str(messages.TICKET_USED))
        minutes = self.desk.settings.reset.ticket_minutes
        return self.restart(messages.filled(messages.TICKET_EXPIRED, minutes=minutes))

    def renew(self, form: Any, payload: dict[str, Any]) -> None:
        """Give the form another ticket, which ends when the one that was spent would have."""
        form.ticket.data = self.desk.tickets.reissue(self.purpose, payload, form.spent.expires)
