"""The steps after a saved password: audit, notification, and a ticket that shows the result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.account.model import Propagation
from gateway.account.outcomes import Changed, InitialRestored
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.protection.tickets import Tickets, TokenError
from gateway.services.caller import Caller
from gateway.services.events import Events, never_failing
from gateway.services.outcomes import RateLimited, Saved, TicketVoid
from gateway.services.resting_methods import RestingMethods
from gateway.services.tickets import read_fields, sealed_fields
from gateway.settings import AnyTarget
from gateway.workstation.state import DeliveryStatus

PURPOSE = "result"
RESULT_SECONDS = 3600
MAX_LOGIN_CHARS = 100
"""The maximum that a form accepts. The ticket is part of a URL, and servers limit the length of URLs."""


@dataclass(frozen=True, slots=True)
class Results:
    """Records saved passwords, notifies the person, and opens the tickets of results."""

    events: Events
    tickets: Tickets
    targets: Mapping[str, AnyTarget]
    resting: RestingMethods | None = None
    """Recovery methods that a new password removes; None if the settings offer none."""

    def saved(
        self, service: str, outcome: str, caller: Caller, changed: Changed | InitialRestored, *, notice: str
    ) -> Saved:
        """Record the write as `outcome`, notify the person with the mail `notice`, and remove methods at rest.

        Failures of any of the three are logged and not raised.
        """
        person = changed.person
        with never_failing("the audit"):
            states = self._first_states(changed.propagation)
            charter = changed.charter if isinstance(changed, Changed) else ""
            self.events.record(service, outcome, caller, login=person.login, targets=states, charter=charter)
        with never_failing("the notice"):
            self.events.notifications.notify(notice, person, caller.request_id)
        with never_failing("the removal of recovery methods at rest"):
            if self.resting:
                self.resting.remove(person.login, caller)
        was_expired = isinstance(changed, Changed) and changed.was_expired
        payload = {
            "outcome": outcome,
            "login": person.login[:MAX_LOGIN_CHARS],
            "propagation": changed.propagation and sealed_fields(changed.propagation),
            "saved_at": int(time.time()),
            "was_expired": was_expired,
        }
        ticket = self.tickets.issue(PURPOSE, payload, RESULT_SECONDS)
        return Saved(person, changed.propagation, was_expired, ticket)

    def open(self, ticket: str) -> dict[str, Any] | TicketVoid:
        """Return the content of a result's ticket."""
        opened = self.tickets.open(PURPOSE, ticket)
        if isinstance(opened, TokenError):
            return TicketVoid(opened)
        propagation = opened.payload.get("propagation")
        return {**opened.payload, "propagation": propagation and read_fields(propagation)}

    def count_call(self, service: str, caller: Caller) -> RateLimited | None:
        """Count a call of an API client that only reads. Raises Outage."""
        return self.events.count(Attempt(service, caller.address, client=caller.api_client), caller)

    def _first_states(self, propagation: Propagation | None) -> dict[str, str]:
        """Return the first state of each target, by name.

        The attributes of an NT4-style domain were written with the password; the worker delivers to the others.
        """
        if propagation is None:
            return {}
        states = {
            name: DeliveryStatus.DONE if self.targets[name].type == "samba_nt" else DeliveryStatus.PENDING
            for name in propagation.targets
        }
        return {**states, **dict.fromkeys(propagation.refused, DeliveryStatus.REJECTED)}
