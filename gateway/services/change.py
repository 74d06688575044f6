"""The service "change my password"."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.account.change import change_password
from gateway.account.charter import NO_CHARTER, Charter
from gateway.account.model import ChangeRequest
from gateway.account.outcomes import Changed, Refused
from gateway.account.policy import PasswordRules
from gateway.account.ports import Passwords
from gateway.account.uniform_time import UniformTime
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import RateLimited, Saved
from gateway.services.results import Results

SERVICE = "change"


@dataclass(frozen=True, slots=True)
class ChangeService:
    """Changes the password of a person who knows the current one."""

    events: Events
    results: Results
    passwords: Passwords
    rules: PasswordRules
    uniform: UniformTime
    charter: Charter = NO_CHARTER

    def change(self, request: ChangeRequest, caller: Caller) -> Saved | Refused | RateLimited:
        """Replace a password, also an expired one; record the result and notify the person. Raises Outage."""
        outcome = self.events.run(self.attempt(request, caller), caller, lambda: self._change(request, caller))
        if isinstance(outcome, Changed):
            return self.results.saved(SERVICE, "changed", caller, outcome, notice="changed")
        return outcome

    def attempt(self, request: ChangeRequest, caller: Caller) -> Attempt:
        """Return what the rate limits count for a change: address, API client and login."""
        return Attempt(SERVICE, caller.address, client=caller.api_client, login=request.login)

    def _change(self, request: ChangeRequest, caller: Caller) -> Changed | Refused:
        return change_password(
            request,
            lambda person: self.events.record_lock_out(person, caller),
            passwords=self.passwords,
            rules=self.rules,
            uniform=self.uniform,
            admits=self.events.account_limit(SERVICE, caller),
            charter=self.charter,
        )
