"""Find the change that an announced operation belongs to, until the password policy let it pass."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto

from gateway.account.model import Secret
from gateway.capture.sock_requests import ModifyRequest, OperationId, PasswordModifyRequest
from gateway.workstation.capture import Prepared

MAX_POLICY_SECONDS = 30.0
"""How long the policy may take over a password: slapd hashes it meanwhile, and many at once take their time."""
MAX_HELD = 10_000
"""Changes on their way at once; more are not captured."""
_SCHEME = re.compile(r"\{[^}]+\}")


class Phase(Enum):
    """How far one change of a password is."""

    REQUESTED = auto()
    """A Password Modify operation was announced; the Modify that slapd makes of it is still to come."""
    LOOKS_HASHED = auto()
    """A Modify has a value that looks hashed. It may be a password all the same: the stored value will show it."""
    SEALING = auto()
    """Its password is known, or known to be unknown, and is sealed while the policy examines it."""
    PASSED_POLICY = auto()
    """The policy let it pass. The outbox is written as soon as the directory holds the value."""
    ENDED = auto()
    """It was refused, overtaken or forgotten, and nothing of it stays in memory."""


@dataclass(frozen=True, slots=True)
class SealFailed:
    """Why the password of a change could not be sealed."""

    reason: str


Sealing = asyncio.Task[Prepared | SealFailed | None]


@dataclass(slots=True, eq=False)
class Change:
    """One operation of which slapd has announced something."""

    phase: Phase
    password: Secret | None
    """In plain text; None once it is being sealed, and where nobody can know it."""
    sealing: Sealing | None = None
    """None until its password is being sealed."""

    def take_password(self) -> Secret | None:
        """Return the password, which this object then holds no longer."""
        password, self.password = self.password, None
        return password

    def end(self) -> None:
        """Forget its password, and stop sealing it."""
        self.phase, self.password = Phase.ENDED, None
        if self.sealing:
            self.sealing.cancel()


@dataclass(slots=True)
class OpenChanges:
    """The changes of which slapd has announced something and that the policy has not yet let pass."""

    _by_call: OrderedDict[OperationId, Change] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._by_call)

    def change_for(self, request: PasswordModifyRequest | ModifyRequest) -> Change:
        """Return the change that `announced` belongs to, in the phase that `announced` brings it to.

        slapd announces a Password Modify operation, then the Modify with a hashed value that it makes of it, then
        what the policy let pass. Any other Modify above the policy is an operation of its own: clients use the
        numbers of operations that have ended again. Only the event loop may call this.
        """
        if isinstance(request, PasswordModifyRequest):
            return self._open(request.operation, Change(Phase.REQUESTED, _text(request.password)))
        known = self._by_call.get(request.operation)
        if request.passed_policy:
            change = self._by_call.pop(request.operation, None) or Change(Phase.PASSED_POLICY, None)
            change.phase = Phase.PASSED_POLICY
            return change
        looks_hashed = _SCHEME.match(request.value.reveal()) is not None
        if known and known.phase is Phase.REQUESTED and looks_hashed:
            known.phase = Phase.SEALING
            return known
        phase = Phase.LOOKS_HASHED if looks_hashed else Phase.SEALING
        return self._open(request.operation, Change(phase, _text(request.value)))

    def _open(self, operation: OperationId, change: Change) -> Change:
        if former := self._by_call.get(operation):
            former.end()
        self._by_call[operation] = change
        asyncio.get_running_loop().call_later(MAX_POLICY_SECONDS, self._forget, operation, change)
        while len(self._by_call) > MAX_HELD:
            self._by_call.popitem(last=False)[1].end()
        return change

    def _forget(self, operation: OperationId, change: Change) -> None:
        """End `change` where the policy did not let it pass: it was refused, or slapd stopped."""
        if self._by_call.get(operation) is change:
            self._by_call.pop(operation).end()


def _text(value: Secret | None) -> Secret | None:
    """Return None for bytes that are no UTF-8, which came as surrogates: no workstation takes them."""
    if value is None or any("\ud800" <= char <= "\udfff" for char in value.reveal()):
        return None
    return value
