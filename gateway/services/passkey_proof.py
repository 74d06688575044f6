"""Whether a browser's answer about a passkey proves who an account's owner is, and what is written then."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.account.recovery import PasskeyRefusal
from gateway.services.caller import Caller
from gateway.services.events import Events, never_failing
from gateway.services.recovery_methods import Opened, RecoveryMethods

if TYPE_CHECKING:
    from gateway.protection.passkeys import Passkeys


@dataclass(frozen=True, slots=True)
class PasskeyProof:
    """Verifies answers with the passkeys of an account that have rested. A right one is written as used."""

    events: Events
    methods: RecoveryMethods
    passkeys: Passkeys

    def is_right(
        self, opened: Opened, answer: str, challenge: str, caller: Caller, *, service: str, login: str
    ) -> bool:
        """Return whether one of the passkeys signed `challenge`. Raises as a write does.

        The counter is written before anything follows, so of two copies of a passkey one at most is accepted.
        """
        named = _credential_in(answer)
        passkey = next((one for one in self.methods.ready(opened) if named and one.credential == named), None)
        found = opened.find(passkey.id) if passkey else None
        if found is None:
            return False
        value, method = found
        counter = self.passkeys.verify(answer, challenge, method)
        if counter is PasskeyRefusal.CLONED:
            self.events.record(service, "passkey_cloned", caller, login=login)
            with never_failing("the notice"):
                self.events.notifications.notify("passkey_copied", opened.person, caller.request_id)
        if isinstance(counter, PasskeyRefusal):
            return False
        used = replace(method, counter=counter, used_at=self.methods.now())
        return self.methods.change(opened, value, used)


def _credential_in(answer: str) -> str:
    """Return the id of the credential that a browser's answer names; "" if it names none."""
    try:
        named = json.loads(answer)["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return named if isinstance(named, str) else ""
