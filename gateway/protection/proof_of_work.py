"""The CAPTCHA without anything to perceive: the browser does some work (ALTCHA), the person nothing.

WCAG 2.2, 3.3.8 asks for such a way. What proves it is bound to its form, expires, and serves once: the library itself
takes the same solution again and again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altcha

from gateway.protection.spent import Spent
from gateway.protection.verdict import Verdict

ALGORITHM = "PBKDF2/SHA-256"
COST = 5_000
"""Rounds a guess; 256 guesses on average: about a quarter of a second in a browser, 2 ms to verify."""
LONGEST_SOLUTION = 4096
"""Characters; a real one has about 700."""


@dataclass(frozen=True, slots=True)
class ProofOfWork:
    """`keys` as for tickets: the first signs, all of them count."""

    keys: Sequence[str]
    spent: Spent
    lifetime_seconds: int

    def challenge(self, form: str) -> dict[str, Any]:
        """What the widget fetches."""
        challenge = altcha.create_challenge(
            ALGORITHM,
            COST,
            expires_at=int(time.time()) + self.lifetime_seconds,
            data={"form": form},
            hmac_secret=_secret(self.keys[0]),
        )
        return dict(challenge.to_dict())

    def check(self, form: str, solution: str) -> Verdict:
        """Raises StoreUnavailable."""
        payload = _read(solution)
        if payload is None:
            return Verdict.EXPIRED
        parameters = payload.challenge.parameters
        if (parameters.data or {}).get("form") != form or parameters.expires_at is None:
            return Verdict.EXPIRED
        if not any(self._verifies(payload, key) for key in self.keys):
            return Verdict.EXPIRED
        mark = hashlib.blake2b(str(payload.challenge.signature).encode(), digest_size=16).hexdigest()
        return Verdict.RIGHT if self.spent.first(f"work-{mark}", parameters.expires_at) else Verdict.SPENT

    def _verifies(self, payload: altcha.Payload, key: str) -> bool:
        return bool(altcha.verify_solution(payload, _secret(key)).verified)


def _read(solution: str) -> altcha.Payload | None:
    """A payload of the shape that we issue: whoever could choose the cost would choose ours to pay."""
    if len(solution) > LONGEST_SOLUTION:
        return None
    try:
        payload = altcha.Payload.from_dict(json.loads(base64.b64decode(solution, validate=True)))
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    parameters = payload.challenge.parameters
    usual = parameters.algorithm == ALGORITHM and parameters.cost == COST and isinstance(parameters.data, dict)
    return payload if usual and isinstance(parameters.expires_at, int) else None


def _secret(key: str) -> str:
    return hmac.new(key.encode(), b"mamia-proof-of-work", hashlib.sha256).hexdigest()
