"""A new password removes the recovery methods that still rest.

Somebody who has the password for an hour can add a method. Its owner is told, and sets a new password: what was added
shortly before must not open the account a day later, whether or not the owner looks at the list.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.recovery_methods import RecoveryMethods

SERVICE = "recovery"


@dataclass(frozen=True, slots=True)
class RestingMethods:
    """Removes them, and tells every address of the person."""

    events: Events
    methods: RecoveryMethods

    def remove(self, login: str, caller: Caller) -> None:
        """Remove the methods of the account with this login that still rest. Raises as the directory does."""
        opened = self.methods.with_login(login, lambda _: True)
        if opened is None:
            return
        resting = self.methods.resting(opened)
        removed = [method for value, method in resting if self.methods.remove(opened, value)]
        for method in removed:
            self.events.record(SERVICE, "removed_at_rest", caller, login=login, method=method.kind.value)
        if removed:
            kinds = sorted({method.kind.value for method in removed})
            self.events.notifications.notify("recovery_dropped", opened.person, caller.request_id, kinds=kinds)
