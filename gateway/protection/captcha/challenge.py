"""The CAPTCHA: six characters in a picture, or spoken, with their answer sealed in the form's challenge.

It slows scripts down; it does not stop them.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from gateway.protection.captcha.audio import render_audio
from gateway.protection.captcha.image import render_image
from gateway.protection.captcha.verdict import Verdict
from gateway.protection.tickets import Tickets, TokenError

ALPHABET = "ACDEFHJKLMNPRTUWXY369"
"""Capitals and digits that people do not confuse (no B/8, G/6, I/1, O/0/Q, S/5, Z/2, T/7, A/4, V/Y)."""
LENGTH = 6


@dataclass(frozen=True, slots=True)
class Captcha:
    """Issues challenges and checks answers. A challenge is bound to one form and can be used once, right or wrong."""

    tickets: Tickets
    lifetime_seconds: int

    def challenge(self, form: str) -> str:
        """Return a new challenge for `form`."""
        answer = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        payload = {"answer": answer, "form": form, "seed": secrets.randbits(64)}
        return self.tickets.issue("captcha", payload, self.lifetime_seconds)

    def is_open(self, challenge: str) -> bool:
        """Return whether the challenge can still be answered. Whether it was used already is not checked."""
        return not isinstance(self.tickets.open("captcha", challenge), TokenError)

    def picture(self, challenge: str) -> bytes | None:
        """Return a PNG, the same at each call: several pictures of one answer would be easy to read.

        None if it has expired.
        """
        ticket = self.tickets.open("captcha", challenge)
        return (
            None if isinstance(ticket, TokenError) else render_image(ticket.payload["answer"], ticket.payload["seed"])
        )

    def sound(self, challenge: str, language: str) -> bytes | None:
        """Return a WAV of the same characters; None if the challenge has expired. Raises AudioUnavailable."""
        ticket = self.tickets.open("captcha", challenge)
        return (
            None
            if isinstance(ticket, TokenError)
            else render_audio(ticket.payload["answer"], language, ticket.payload["seed"])
        )

    def check(self, form: str, challenge: str, answer: str) -> Verdict:
        """Check an answer, and use the challenge up. Case and blanks are ignored. Raises StoreUnavailable."""
        ticket = self.tickets.consume("captcha", challenge)
        if ticket is TokenError.REPLAYED:
            return Verdict.REPLAYED
        if isinstance(ticket, TokenError) or ticket.payload["form"] != form:
            return Verdict.EXPIRED
        typed = "".join(answer.split()).upper()
        right = hmac.compare_digest(typed.encode(), ticket.payload["answer"].encode())
        return Verdict.RIGHT if right else Verdict.WRONG
