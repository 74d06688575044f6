"""The changes that slapd has reported and whose password the policy has not accepted yet."""

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
"""Maximum seconds that the policy may take for a password: slapd hashes it meanwhile, and many at once take
longer."""
MAX_HELD = 10_000
"""Maximum number of changes in progress; more are not captured."""
_SCHEME = re.compile(r"\{[^}]+\}")


class Phase(Enum):
    """Phase of one change of a password."""

    REQUESTED = auto()
    """A Password Modify operation was received; the Modify that slapd makes of it is still to come."""
    LOOKS_HASHED = auto()
    """A Modify has a value that looks hashed. It may be a plain password nevertheless; the stored value will show
    it."""
    SEALING = auto()
    """Its password is known, or known to be unknown, and is sealed while the policy checks it."""
    PASSED_POLICY = auto()
    """The policy accepted it. The outbox is written as soon as the directory has the value."""
    ENDED = auto()
    """It was refused, replaced or forgotten, and nothing of it stays in memory."""


@dataclass(frozen=True, slots=True)
class SealFailed:
    """The reason why the password of a change could not be sealed."""

    reason: str


Sealing = asyncio.Task[Prepared | SealFailed | None]


@dataclass(slots=True, eq=False)
class Change:
    """One operation about which slapd has sent a request."""

    phase: Phase
    password: Secret | None
    """In plain text; None when it is being sealed, and if it cannot be known."""
    sealing: Sealing | None = None
    """The running task; None until the password is being sealed."""

    def take_password(self) -> Secret | None:
        """Return the password and remove it from this object."""
        password, self.password = self.password, None
        return password

    def end(self) -> None:
        """Remove the password, and cancel its sealing."""
        self.phase, self.password = Phase.ENDED, None
        if self.sealing:
            self.sealing.cancel()


@dataclass(slots=True)
class OpenChanges:
    """All changes that slapd has reported and that the policy has not accepted yet."""

    _by_call: OrderedDict[OperationId, Change] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._by_call)

    def change_for(self, request: PasswordModifyRequest | ModifyRequest) -> Change:
        """Return the change that `request` belongs to, in the phase to which the request brings it.

        slapd reports a Password Modify operation, then the Modify with a hashed value that it makes of it, then what
        the policy accepted. Any other Modify above the policy is a new operation: clients reuse the numbers of
        operations that have ended. Only the event loop may call this.
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
        """End `change` if the policy did not accept it: it was refused, or slapd stopped."""
        if self._by_call.get(operation) is change:
            self._by_call.pop(operation).end()


def _text(value: Secret | None) -> Secret | None:
    """Return None for bytes that are not UTF-8, which are surrogates here: no workstation accepts them."""
    if value is None or any("\ud800" <= char <= "\udfff" for char in value.reveal()):
        return None
    return value
