"""The CAPTCHA: six characters in a picture, or spoken, with their answer sealed in the form's challenge.

It slows scripts down; it does not stop them.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from gateway.protection.captcha.audio import render_audio, to_mp3
from gateway.protection.captcha.image import render_image
from gateway.protection.captcha.sound_cache import SoundCache
from gateway.protection.captcha.verdict import Verdict
from gateway.protection.rate_limiting.limiter import RetryAfter
from gateway.protection.tickets import Tickets, TokenError

ALPHABET = "ACDEFHJKLMNPRTUWXY369"
"""Capitals and digits that people do not confuse (no B/8, G/6, I/1, O/0/Q, S/5, Z/2, T/7, A/4, V/Y)."""
LENGTH = 6


class SoundFormat(Enum):
    """File formats of a sound. The value is the ending of its address."""

    MP3 = "mp3"
    """A tenth of the size."""
    WAV = "wav"
    """For players without MP3."""


@dataclass(frozen=True, slots=True)
class Captcha:
    """Issues challenges and checks answers. A challenge is bound to one form and can be used once, right or wrong."""

    tickets: Tickets
    lifetime_seconds: int
    sounds: SoundCache = field(default_factory=SoundCache)

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

    def sound(
        self, challenge: str, language: str, sound_format: SoundFormat, admit: Callable[[], RetryAfter | None]
    ) -> bytes | RetryAfter | None:
        """Return the same characters as sound, the same at each call; None if the challenge has expired.

        `admit` counts a sound that must be rendered; what it returns is returned in the place of the sound. A sound
        that was given a moment ago is given again without it. Raises AudioUnavailable.
        """
        ticket = self.tickets.open("captcha", challenge)
        if isinstance(ticket, TokenError):
            return None
        answer, seed = ticket.payload["answer"], ticket.payload["seed"]

        def render() -> bytes:
            wav = render_audio(answer, language, seed)
            return to_mp3(wav) if sound_format is SoundFormat.MP3 else wav

        return self.sounds.get((ticket.mark, language, sound_format), admit, render)

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
