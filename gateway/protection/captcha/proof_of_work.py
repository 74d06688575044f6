"""Proof of work (ALTCHA): the browser spends processor time on an attempt, and the person does nothing.

WCAG 2.2, 3.3.8 requires a method that asks for no perception. A task belongs to one form and one network and expires;
its solution is accepted once, whereas the library alone would accept it again and again.

The browser searches for a counter that the server chose below a bound, so the search ends. The bound grows with the
pressure. The server's cost stays the same: one guess to issue a task, one HMAC to verify the solution.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altcha

from gateway.protection.captcha.verdict import Verdict
from gateway.protection.rate_limiting.addresses import work_network
from gateway.protection.rate_limiting.limiter import Pressure
from gateway.protection.replay import ReplayCache

ALGORITHM = "PBKDF2/SHA-256"
ROUNDS = 2_000
"""PBKDF2 rounds per guess: 0.8 ms of the server's processor time, needed once per issued task."""
MAX_GUESSES = {Pressure.NORMAL: 1_280, Pressure.RAISED: 5_120, Pressure.HIGH: 15_360, Pressure.EXTREME: 51_200}
"""Bound of the counter. A browser needs half as many guesses on average; giving up a task early gains nothing."""
MAX_LIFETIME_SECONDS = 300
"""Maximum lifetime of a task, so that few can be solved in advance."""
MAX_SOLUTION_CHARS = 4096
"""Maximum characters of a solution; a real one has about 900."""
NETWORK_CHARS = 16


@dataclass(frozen=True, slots=True)
class ProofOfWork:
    """Issues tasks and checks solutions. The first of `keys` signs; signatures of all of them are accepted."""

    keys: Sequence[str]
    replay_cache: ReplayCache
    max_lifetime_seconds: int

    @property
    def lifetime_seconds(self) -> int:
        """Return the lifetime of a task."""
        return min(self.max_lifetime_seconds, MAX_LIFETIME_SECONDS)

    def task(self, form: str, address: str, pressure: Pressure) -> dict[str, Any]:
        """Return ALTCHA's challenge, in the form that its solver takes. Nothing is stored."""
        key, guesses = self.keys[0], MAX_GUESSES[pressure]
        challenge = altcha.create_challenge(
            ALGORITHM,
            ROUNDS,
            counter=secrets.randbelow(guesses),
            expires_at=int(time.time()) + self.lifetime_seconds,
            data={"form": form, "guesses": guesses, "network": _network(key, address)},
            hmac_secret=_secret(key, "challenge"),
            hmac_key_secret=_secret(key, "solution"),
        )
        return dict(challenge.to_dict())

    def check(self, form: str, address: str, solution: str, pressure: Pressure) -> Verdict:
        """Check whether `solution` is enough for an attempt at `form` under this pressure. Raises StoreUnavailable.

        A solution that is not enough is not used up, but it will not be enough later either.
        """
        payload = _read(solution)
        if payload is None:
            return Verdict.EXPIRED
        key = next((key for key in self.keys if _is_solved(payload, key)), None)
        if key is None:
            return Verdict.EXPIRED
        # The signature is verified, so every parameter is what `task` signed.
        parameters = payload.challenge.parameters
        data, expires = parameters.data or {}, parameters.expires_at or 0
        if data["form"] != form:
            return Verdict.EXPIRED
        if data["network"] != _network(key, address):
            return Verdict.OTHER_NETWORK
        if data["guesses"] < MAX_GUESSES[pressure]:
            return Verdict.TOO_EASY
        mark = hashlib.blake2b(str(payload.challenge.signature).encode(), digest_size=16).hexdigest()
        return Verdict.RIGHT if self.replay_cache.add_if_new(f"work-{mark}", expires) else Verdict.REPLAYED


def _read(solution: str) -> altcha.Payload | None:
    """Parse a solution; None if it is invalid. The library verifies our signature before it reads a parameter."""
    if len(solution) > MAX_SOLUTION_CHARS:
        return None
    try:
        return altcha.Payload.from_dict(json.loads(base64.b64decode(solution, validate=True)))
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _is_solved(payload: altcha.Payload, key: str) -> bool:
    result = altcha.verify_solution(payload, _secret(key, "challenge"), hmac_key_secret=_secret(key, "solution"))
    return bool(result.verified)


def _network(key: str, address: str) -> str:
    """Return the address prefix as a keyed hash, because it is part of the page's data."""
    return _hmac(_secret(key, "network"), work_network(address))[:NETWORK_CHARS]


def _secret(key: str, purpose: str) -> str:
    return _hmac(key, f"mamia-proof-of-work-{purpose}")


def _hmac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
