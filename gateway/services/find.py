"""The service "find my account"."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from gateway.account.find import find_account
from gateway.account.model import FindRequest
from gateway.account.outcomes import Found, Refused
from gateway.account.ports import People
from gateway.account.uniform_time import UniformTime
from gateway.protection.rate_limiting.limiter import Attempt, name_keys, person_keys
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import RateLimited

log = logging.getLogger(__name__)

SERVICE = "find"


@dataclass(frozen=True, slots=True)
class FindService:
    """Finds the account of a person by name and birth date."""

    events: Events
    people: People
    uniform: UniformTime

    def find(self, request: FindRequest, caller: Caller) -> Found | Refused | RateLimited:
        """Find the accounts of a person, and record the result. Raises Outage."""
        attempt = self.attempt(request, caller)
        outcome = self.events.run(attempt, caller, lambda: self._search(request, caller))
        if isinstance(outcome, Found):
            logins = [person.login for person in outcome.people]
            self.events.record(SERVICE, "found", caller, logins=logins)
        return outcome

    def attempt(self, request: FindRequest, caller: Caller) -> Attempt:
        """Return what the rate limits count for a search: address, API client, and keys of person and names."""
        names = request.surname, request.given_name
        return Attempt(
            SERVICE,
            caller.address,
            client=caller.api_client,
            persons=person_keys(*names, request.birth_date.isoformat()),
            names=name_keys(*names),
        )

    def _search(self, request: FindRequest, caller: Caller) -> Found | Refused:
        """Search, and count a search without a result, because birth dates are guessed with such searches."""
        outcome = find_account(request, people=self.people, uniform=self.uniform)
        if isinstance(outcome, Refused):
            self._count_miss(caller)
        return outcome

    def _count_miss(self, caller: Caller) -> None:
        """Count the miss; log the one with which an API client reaches its limit, not each one after it."""
        limiter, client = self.events.rate_limiter, caller.api_client
        was_suspicious = bool(client) and limiter.is_suspicious(caller.address, client=client)
        limiter.count_miss(caller.address, client=client)
        if client and not was_suspicious and limiter.is_suspicious(caller.address, client=client):
            log.warning("api: find: %s searches unusually often for people who do not exist", client)
