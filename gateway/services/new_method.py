"""A recovery method that waits for its confirmation, in the ticket of the person who adds it."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from gateway.account.model import Secret
from gateway.account.recovery import RecoveryKind, RecoveryMethod
from gateway.protection import totp

if TYPE_CHECKING:
    from gateway.protection.passkeys import Passkeys

MAX_ATTEMPTS = 5
DIGITS = 6


@dataclass(frozen=True, slots=True)
class NewMethod:
    """What the method will be, and what confirms it. The names of the fields are those in a ticket."""

    kind: str
    name: str
    address: str
    code: str
    """The code that was sent to the address."""
    left: int
    """How many attempts are left."""
    secret: str
    """The key of an authenticator app, in Base32."""
    challenge: str
    """What the passkey must sign, in Base64url."""

    @classmethod
    def begin(cls, kind: RecoveryKind, name: str, address: str) -> Self:
        """Return a method with a new code for the address, key for the app or challenge for the passkey."""
        return cls(
            kind=kind.value,
            name=name,
            address=address,
            code=f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" if address else "",
            left=MAX_ATTEMPTS,
            secret=totp.new_secret().reveal() if kind is RecoveryKind.TOTP else "",
            challenge=secrets.token_urlsafe(32) if kind is RecoveryKind.PASSKEY else "",
        )

    @classmethod
    def read(cls, sealed: Mapping[str, Any]) -> Self:
        """Return what `sealed_fields` made."""
        return cls(**sealed)

    def sealed_fields(self) -> dict[str, Any]:
        """Return the fields under the names that tickets hold."""
        return asdict(self)

    def after_wrong_answer(self) -> Self:
        """Return the method with one attempt less."""
        return replace(self, left=self.left - 1)

    def method(self, now: datetime) -> RecoveryMethod:
        """Return the method as it would be if it was confirmed `now` (UTC), without what the confirmation adds."""
        return RecoveryMethod(
            id=secrets.token_hex(8),
            kind=RecoveryKind(self.kind),
            name=self.name,
            added_at=now.replace(microsecond=0),
            address=self.address,
            secret=Secret(self.secret) if self.secret else None,
        )

    def confirmed(self, answer: str, passkeys: Passkeys | None, now: datetime) -> RecoveryMethod | None:
        """Return the method as it is stored; None if `answer` does not confirm it."""
        method = self.method(now)
        if method.kind is RecoveryKind.PASSKEY:
            made = passkeys.created(answer, self.challenge) if passkeys else None
            if made is None:
                return None
            return replace(method, credential=made.credential, public_key=made.public_key, counter=made.counter)
        if method.secret:
            step = totp.accepted_step(method.secret, answer, time.time(), after=0)
            return replace(method, counter=step) if step else None
        typed = "".join(answer.split())
        return method if hmac.compare_digest(typed.encode(), self.code.encode()) else None
