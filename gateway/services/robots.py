"""The check of the CAPTCHA or proof of work that protects forms from scripts, with its own rate limit."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.protection.captcha.robot_check import Answer, RobotCheck
from gateway.protection.captcha.verdict import Verdict
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import NotHuman, RateLimited


@dataclass(frozen=True, slots=True)
class Passed:
    """The form may be processed."""

    was_asked: bool
    """Whether the form contained an answer, which cannot be used again."""


@dataclass(frozen=True, slots=True)
class RobotService:
    """Checks the answer to a CAPTCHA, counts it, and records a wrong one."""

    events: Events
    check: RobotCheck

    def verify(self, attempt: Attempt, answer: Answer, caller: Caller) -> Passed | NotHuman | RateLimited:
        """Return whether the form's answer is enough for `attempt`. Raises Outage.

        Tests the rate limit first, so that no person solves a CAPTCHA and is then refused. The caller counts the
        attempt afterwards, with `Events.run`.
        """
        if not self.check.is_required(attempt):
            return Passed(was_asked=False)
        if limited := self.events.test(attempt, caller):
            return limited
        with self.events.outages(attempt.service, caller, attempt.login):
            return self._judge(attempt, answer, caller)

    def _judge(self, attempt: Attempt, answer: Answer, caller: Caller) -> Passed | NotHuman | RateLimited:
        verdict = self.check.check(attempt, answer)
        if verdict is Verdict.RIGHT:
            return Passed(was_asked=True)
        service, login = attempt.service, attempt.login
        if verdict is Verdict.RIGHT_WITHOUT_WORK:
            wait = self.events.rate_limiter.hit_without_work(caller.address)
            if wait is None:
                return Passed(was_asked=True)
            return self.events.rate_limited(service, caller, wait, login, without_work=True)
        if verdict is not Verdict.MISSING:
            self.events.record(service, f"captcha_{verdict.name.lower()}", caller, login=login)
        return NotHuman(verdict)
