"""The record of API clients that are refused before a service runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.protection.rate_limiting.limiter import Attempt
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import RateLimited

SERVICE = "api"


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """Records calls of API clients that are not allowed."""

    events: Events

    def turn_away(self, caller: Caller, name: str, reason: str, asked: str) -> RateLimited | None:
        """Record that the client `name` may not use the service `asked`; return RateLimited beyond the rate limit.

        `reason` is the outcome in the audit. The rate limit is that of the address; beyond it nothing is recorded, so
        that calls cannot fill the disk. Raises Outage.
        """
        with self.events.outages(asked, caller):
            if wait := self.events.rate_limiter.hit(Attempt(SERVICE, caller.address)):
                return RateLimited(wait.seconds)
        self.events.record(SERVICE, reason, replace(caller, api_client=name), asked=asked)
        return None
