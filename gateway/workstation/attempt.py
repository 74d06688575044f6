"""One attempt: unseal the password, check that it may be delivered now, set it at the target."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.account.control_characters import holds_control_character
from gateway.account.model import Secret
from gateway.workstation.model import Outcome, Reason, Refused, Unavailable
from gateway.workstation.ports import DeliveryCheck, Target, Unseal, Waiting
from gateway.workstation.state import DeliveryState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TargetWriter:
    """Sets passwords that wait at their targets. `monotonic` gives seconds that never run backwards."""

    targets: Mapping[str, Target]
    unseal: Unseal
    delivery: DeliveryCheck
    directory_time: Callable[[], datetime | None]
    """Returns the directory's time (UTC), or None as long as that is not known."""
    monotonic: Callable[[], float]

    def try_once(self, item: Waiting, state: DeliveryState, last_start: float) -> Outcome:
        """Set the password of `item` at the target of `state`, but begin no write after `last_start` (monotonic).

        Raises DirectoryUnavailable where the check can't be made.
        """
        target = self.targets.get(state.target)
        if target is None:
            return Unavailable(
                "no such target in the settings", f"add [workstation.targets.{state.target}] or forget it"
            )
        secret = self._unseal(item, state.change)
        if not isinstance(secret, Secret):
            return secret
        timed = replace(item, read_at=self.directory_time())
        if objection := self.delivery.check(timed, state.change, secret):
            return objection
        try:
            return self._set_at_account(target, item, secret, last_start)
        except Exception as error:
            # A target promises not to raise. One that does must neither stop the others nor be asked without a pause;
            # its own text might hold a secret, so only the places are logged.
            places = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s: unexpected %s\n%s", state.target, type(error).__name__, places)
            return Unavailable(f"unexpected {type(error).__name__}", "see the worker's log and report it", True)

    def _unseal(self, item: Waiting, change: str) -> Secret | Refused | Unavailable:
        """Return the password of `item`, or why it can't be set."""
        secret = self.unseal(item.sealed, uuid=item.uuid, change=change)
        if secret is Reason.UNREADABLE:
            return Unavailable(
                "no private key of this worker opens it", "add the key to workstation.private_key_files"
            )
        if isinstance(secret, Reason):
            log.error("%s: the sealed password belongs to another entry or change: refused", item.login)
            return Refused(secret)
        return Refused(Reason.CONTROL_CHARACTER) if holds_control_character(secret.reveal()) else secret

    def _set_at_account(self, target: Target, item: Waiting, secret: Secret, last_start: float) -> Outcome:
        """Set it at the account of the first login that has one at the target."""
        if self.monotonic() >= last_start:
            return Unavailable("the directory took too long to verify the password")
        outcome: Outcome = Refused(Reason.NO_ACCOUNT)
        for login in item.logins:
            if self.monotonic() >= last_start:
                return Unavailable("the target took too long to look for the account")
            outcome = target.set_password(login, secret)
            if not (isinstance(outcome, Refused) and outcome.reason is Reason.NO_ACCOUNT):
                break
        return outcome
