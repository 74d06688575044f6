"""The check that no script fills in a form: which forms need it, and whether a form's answer is enough.

A browser with JavaScript always brings proof of work, whichever method the settings offer, because programs read
nearly every picture and every sound. A browser without JavaScript can bring characters only.
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
    """What a form brings for the check; "" for each missing part."""

    solution: str
    """Solution of the proof of work."""
    challenge: str
    """Challenge of the characters."""
    characters: str


@dataclass(frozen=True, slots=True)
class RobotCheck:
    """Decides whether an attempt needs the check, and checks answers."""

    settings: CaptchaSettings
    captcha: Captcha
    work: ProofOfWork
    rate_limiter: RateLimiter

    @property
    def takes_characters(self) -> bool:
        """Return whether a picture or a sound is offered."""
        return not TYPED.isdisjoint(self.settings.methods)

    @property
    def is_on(self) -> bool:
        """Return whether any form requires the check, so that every form must be able to bring proof of work."""
        return bool(self.settings.required)

    def is_required(self, attempt: Attempt) -> bool:
        """Return whether the attempt needs the check.

        It does if the settings say so, under pressure, or after too many failed searches. Searches are watched even
        if the settings require nothing, because birth dates could be guessed with them. If the store cannot be
        reached, the check is required, because the counts may be too high.
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
        """Check the answer of an attempt. Raises StoreUnavailable.

        The proof of work is checked before the characters, which stay valid if the work is not enough.
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
