"""The time in which a person chooses a password after proving who they are, and how it is extended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.account.model import Grant
from gateway.protection.tickets import Ticket, Tickets
from gateway.services.events import Events
from gateway.services.tickets import CHOOSE, TicketSteps, UsedTicket, read_grant

MAX_SECONDS = 15 * 60
"""The latest end, counted from the proofs, whatever the setting `reset.ticket_minutes` and the extension."""
EXTENSION_SECONDS = 5 * 60
EXTENDED = "extended"
"""The key in the payload of a ticket that was extended; absent before."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The right to choose a password, as its ticket contains it."""

    grant: Grant
    ends_at: int
    """Seconds since 1970, UTC."""
    latest_end: int
    """The end after an extension; `ends_at` if the ticket was extended already, or cannot be."""

    @property
    def may_extend(self) -> bool:
        """Return whether there can be more time."""
        return self.latest_end > self.ends_at


def grant_in(payload: Mapping[str, Any]) -> Grant:
    """Return the grant in the payload of a ticket, extended or not."""
    return read_grant({name: value for name, value in payload.items() if name != EXTENDED})


def choice_in(ticket: Ticket, seconds: int) -> Choice:
    """Return the choice that a ticket permits. `seconds`: the lifetime of a ticket that is not extended."""
    end = ticket.expires
    latest = end if EXTENDED in ticket.payload else min(end - seconds + MAX_SECONDS, end + EXTENSION_SECONDS)
    return Choice(grant_in(ticket.payload), end, max(latest, end))


def extended(used: UsedTicket, choice: Choice, steps: TicketSteps) -> str:
    """Return a ticket with the latest end of `choice`; it cannot be extended again."""
    return steps.tickets.reissue(steps.purpose, {**used.payload, EXTENDED: True}, choice.latest_end)


def reset_steps(events: Events, tickets: Tickets) -> TicketSteps:
    """Return the step in which a person chooses a password."""
    return TicketSteps(events, tickets, "reset", CHOOSE, grant_in)
