"""Which forms must show that no script fills them in, and whether what a form brings is enough.

A browser with JavaScript brings proof of work, whichever method the settings offer: machines read nearly every
picture and every sound. Characters alone are what a browser without JavaScript can bring.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.protection.captcha.challenge import Captcha
from gateway.protection.captcha.proof_of_work import ProofOfWork
from gateway.protection.captcha.verdict import Verdict
from gateway.protection.rate_limiting.limiter import Attempt, Pressure, RateLimiter
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.settings import Captcha as CaptchaSettings

AUTOMATIC = "automatic"
TYPED = frozenset({"picture", "sound"})
FIND = "find"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a form brings; empty where there is nothing."""

    solution: str
    """Of the proof of work."""
    challenge: str
    """Of the characters."""
    characters: str


@dataclass(frozen=True, slots=True)
class RobotCheck:
    settings: CaptchaSettings
    captcha: Captcha
    work: ProofOfWork
    rate_limiter: RateLimiter

    @property
    def takes_characters(self) -> bool:
        return not TYPED.isdisjoint(self.settings.methods)

    @property
    def is_on(self) -> bool:
        """Whether every form must be ready to bring proof of work."""
        return bool(self.settings.required)

    def is_required(self, attempt: Attempt) -> bool:
        """Always, where the settings say so; else under pressure, and for searches that miss too often.

        Searches are watched even where the settings ask for nothing: they are the way to guess birth dates. A store
        that can't be reached is a reason to ask, as counts may be too high.
        """
        if attempt.service in self.settings.required:
            return True
        if attempt.service != FIND and not self.is_on:
            return False
        try:
            return self.rate_limiter.pressure(attempt) > Pressure.NORMAL or (
                attempt.service == FIND and self.rate_limiter.is_suspicious(attempt.address)
            )
        except StoreUnavailable:
            return True

    def check(self, attempt: Attempt, answer: Answer) -> Verdict:
        """Raises StoreUnavailable.

        Work comes before the characters: they stay valid when the work is not enough.
        """
        if answer.solution:
            pressure = self.rate_limiter.pressure(attempt)
            verdict = self.work.check(attempt.service, attempt.address, answer.solution, pressure)
            if verdict is not Verdict.RIGHT:
                return verdict
            if AUTOMATIC in self.settings.methods and not answer.characters:
                return verdict
        if not answer.characters or not self.takes_characters:
            return Verdict.MISSING
        verdict = self.captcha.check(attempt.service, answer.challenge, answer.characters)
        return Verdict.RIGHT_WITHOUT_WORK if verdict is Verdict.RIGHT and not answer.solution else verdict
