"""The steps of a reset that need a ticket. Each attempt uses up a ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gateway.account.model import Grant, Propagation
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
        """The content of the ticket."""
        return self.ticket.payload


@dataclass(frozen=True, slots=True)
class TicketSteps:
    """Opens and uses the tickets of one step of a reset."""

    events: Events
    tickets: Tickets
    purpose: str
    """The purpose for which the tickets are sealed; tickets of another purpose cannot be opened."""
    service: str
    """The name of the step in rate limits, audit and log."""
    grant_in: Callable[[dict[str, Any]], Grant]
    """Returns the grant of the person from the payload of a ticket."""

    def open(self, text: str) -> Ticket | TokenError:
        """Open a ticket without using it up; return TokenError if it is not valid."""
        return self.tickets.open(self.purpose, text)

    def use(self, text: str, caller: Caller) -> UsedTicket | RateLimited | TicketVoid:
        """Count the attempt and use up the ticket. Raises Outage.

        A form without a valid ticket names no person, so it is refused before anything is counted.
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
        """Return a new ticket with the end of the used one, and with its payload or the given `payload`."""
        return self.tickets.reissue(self.purpose, used.payload if payload is None else payload, used.ticket.expires)


def sealed_fields(value: Grant | Propagation) -> dict[str, Any]:
    """Return the fields of `value` under the names that tickets hold.

    A ticket calls the entry's UUID `identity`, so that two versions of the service can run side by side.
    """
    fields = asdict(value)
    fields["identity"] = fields.pop("uuid")
    for added in ("reset_code", "is_disputed"):
        if not fields.get(added):
            # A version that does not know this field could not open the ticket otherwise.
            fields.pop(added, None)
    return fields


def read_fields(sealed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `sealed_fields` made, under the names of the fields."""
    fields = dict(sealed)
    fields["uuid"] = fields.pop("identity")
    return fields


def read_grant(payload: Mapping[str, Any]) -> Grant:
    """Return the grant in the payload of a ticket."""
    return Grant(**read_fields(payload))


def code_steps(events: Events, tickets: Tickets) -> TicketSteps:
    """Return the steps of the second factor."""
    return TicketSteps(events, tickets, "code", CODE, lambda payload: read_grant(payload["grant"]))
