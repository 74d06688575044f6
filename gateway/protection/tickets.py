"""Sealed tickets: text that a form carries and sends back, which its bearer can neither read nor change.

A ticket is XChaCha20-Poly1305 over JSON, bound to its purpose, with an expiry. The server stores nothing when it
issues one, so a thousand forms need no memory; only a used ticket is remembered, until it expires.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from gateway.protection.replay import ReplayCache


class TokenError(Enum):
    """Why a ticket is refused."""

    INVALID = auto()
    """Not sealed by us, made for another purpose, or changed."""
    EXPIRED = auto()
    REPLAYED = auto()
    """It was used already."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An opened ticket."""

    payload: dict[str, Any]
    expires: int
    """Seconds since 1970, UTC."""
    mark: str
    """Identifies the ticket in the replay cache."""


class Tickets:
    """Issues, opens and consumes tickets.

    The first of `keys` seals, all of them open, so that keys can be rotated.
    """

    def __init__(self, keys: Sequence[str], replay_cache: ReplayCache, now: Callable[[], float] = time.time) -> None:
        self._boxes = [
            Aead(hashlib.blake2b(key.encode(), digest_size=32, person=b"mamia-tickets").digest()) for key in keys
        ]
        self._replay_cache = replay_cache
        self._now = now

    def issue(self, purpose: str, payload: dict[str, Any], lifetime_seconds: int) -> str:
        """Return a ticket that expires after `lifetime_seconds`. `payload` must be serialisable as JSON."""
        return self.reissue(purpose, payload, int(self._now()) + lifetime_seconds)

    def reissue(self, purpose: str, payload: dict[str, Any], expires: int) -> str:
        """Return a ticket with the expiry of an earlier one, in seconds since 1970."""
        text = json.dumps([expires, payload], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._boxes[0].encrypt(text, purpose.encode())).rstrip(b"=").decode()

    def open(self, purpose: str, token: str) -> Ticket | TokenError:
        """Read a ticket without using it up."""
        try:
            sealed = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError, ValueError):
            return TokenError.INVALID
        for box in self._boxes:
            try:
                expires, payload = json.loads(box.decrypt(sealed, purpose.encode()))
            except (CryptoError, ValueError):
                continue
            # The mark is computed from the sealed bytes, because base64 can write the same bytes in several ways.
            mark = hashlib.blake2b(sealed, digest_size=16).hexdigest()
            return TokenError.EXPIRED if expires <= self._now() else Ticket(payload, expires, mark)
        return TokenError.INVALID

    def consume(self, purpose: str, token: str) -> Ticket | TokenError:
        """Open a single-use ticket; a second use, however soon, gets REPLAYED. Raises StoreUnavailable."""
        ticket = self.open(purpose, token)
        if isinstance(ticket, TokenError):
            return ticket
        return ticket if self._replay_cache.add_if_new(ticket.mark, ticket.expires) else TokenError.REPLAYED

    def give_back(self, ticket: Ticket) -> None:
        """Let a used ticket be used once more, if its first use had no effect. Raises StoreUnavailable."""
        self._replay_cache.forget(ticket.mark)
