"""API clients that are turned away before a service runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.protection.rate_limiting.limiter import Attempt
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import RateLimited

SERVICE = "api"


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """Records API clients that may not do what they ask for."""

    events: Events

    def turn_away(self, caller: Caller, name: str, reason: str, asked: str) -> RateLimited | None:
        """Record that the client `name` was refused the service `asked`.

        The limit of its address applies, so that nobody fills the disk; beyond it nothing is recorded. Raises Outage.
        """
        with self.events.outages(asked, caller):
            if wait := self.events.rate_limiter.hit(Attempt(SERVICE, caller.address)):
                return RateLimited(wait.seconds)
        self.events.record(SERVICE, reason, replace(caller, api_client=name), asked=asked)
        return None
