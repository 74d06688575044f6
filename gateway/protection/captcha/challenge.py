"""The CAPTCHA: six characters in a picture, or spoken, their answer sealed in the form's challenge.

A brake on scripts, not a wall.
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
"""Capitals and digits that nobody takes for one another (no B/8, G/6, I/1, O/0/Q, S/5, Z/2, T/7, A/4, V/Y)."""
LENGTH = 6


@dataclass(frozen=True, slots=True)
class Captcha:
    """Challenges and their pictures. A challenge is bound to one form and serves once, right or wrong."""

    tickets: Tickets
    lifetime_seconds: int

    def challenge(self, form: str) -> str:
        answer = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        payload = {"answer": answer, "form": form, "seed": secrets.randbits(64)}
        return self.tickets.issue("captcha", payload, self.lifetime_seconds)

    def is_open(self, challenge: str) -> bool:
        """Whether it can still be answered, spent ones apart."""
        return not isinstance(self.tickets.open("captcha", challenge), TokenError)

    def picture(self, challenge: str) -> bytes | None:
        """A PNG, the same one at each call: fresh distortions of one answer would make reading it easy."""
        ticket = self.tickets.open("captcha", challenge)
        return (
            None if isinstance(ticket, TokenError) else render_image(ticket.payload["answer"], ticket.payload["seed"])
        )

    def sound(self, challenge: str, language: str) -> bytes | None:
        """A WAV of the same characters; None where the challenge is over. Raises Speechless."""
        ticket = self.tickets.open("captcha", challenge)
        return (
            None
            if isinstance(ticket, TokenError)
            else render_audio(ticket.payload["answer"], language, ticket.payload["seed"])
        )

    def check(self, form: str, challenge: str, answer: str) -> Verdict:
        ticket = self.tickets.consume("captcha", challenge)
        if ticket is TokenError.REPLAYED:
            return Verdict.REPLAYED
        if isinstance(ticket, TokenError) or ticket.payload["form"] != form:
            return Verdict.EXPIRED
        typed = "".join(answer.split()).upper()
        right = hmac.compare_digest(typed.encode(), ticket.payload["answer"].encode())
        return Verdict.RIGHT if right else Verdict.WRONG
