"""The steps of a reset that a ticket permits: each attempt uses the ticket up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.account.model import Grant
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.protection.tickets import Ticket, Tickets, TokenError
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import RateLimited, TicketVoid

CODE, CHOOSE = "code", "choose"


@dataclass(frozen=True, slots=True)
class UsedTicket:
    """A ticket that was counted and used up for one attempt."""

    grant: Grant
    ticket: Ticket

    @property
    def payload(self) -> dict[str, Any]:
        """What the ticket holds."""
        return self.ticket.payload


@dataclass(frozen=True, slots=True)
class TicketSteps:
    """Opens and uses the tickets of one step of a reset."""

    events: Events
    tickets: Tickets
    purpose: str
    """What the tickets are sealed for."""
    service: str
    """The name of the step in rate limits, audit and log."""
    grant_in: Callable[[dict[str, Any]], Grant]
    """Whose reset a ticket with this payload is."""

    def open(self, text: str) -> Ticket | TokenError:
        """Look into a ticket without using it."""
        return self.tickets.open(self.purpose, text)

    def use(self, text: str, caller: Caller) -> UsedTicket | RateLimited | TicketVoid:
        """Count the attempt and use the ticket up. Raises Outage.

        A form without a ticket of ours names nobody, so it is refused before anything is counted.
        """
        opened = self.open(text)
        if isinstance(opened, TokenError):
            return TicketVoid(opened)
        grant = self.grant_in(opened.payload)
        if limited := self.events.count(Attempt(self.service, caller.address, login=grant.login), caller):
            return limited
        with self.events.outages(self.service, caller, grant.login):
            used = self.tickets.consume(self.purpose, text)
        return TicketVoid(used) if isinstance(used, TokenError) else UsedTicket(grant, used)

    def renew(self, used: UsedTicket, payload: dict[str, Any] | None = None) -> str:
        """Return another ticket, which ends when the one that was used would have; with its payload, or this one."""
        return self.tickets.reissue(self.purpose, used.payload if payload is None else payload, used.ticket.expires)


def read_grant(payload: Mapping[str, Any]) -> Grant:
    """Read the grant that a ticket of this version or of the one before holds."""
    fields = dict(payload)
    if "identity" in fields:
        fields["uuid"] = fields.pop("identity")
    return Grant(**fields)


def reset_steps(events: Events, tickets: Tickets) -> TicketSteps:
    """The step in which a password is chosen."""
    return TicketSteps(events, tickets, "reset", CHOOSE, read_grant)


def code_steps(events: Events, tickets: Tickets) -> TicketSteps:
    """The steps of the second factor."""
    return TicketSteps(events, tickets, "code", CODE, lambda payload: read_grant(payload["grant"]))
