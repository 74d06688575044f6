"""What every page has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.account.outcomes import Refused
from gateway.account.policy import PasswordRules
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.sms import SmsGateway
from gateway.notifications.spool import Spool
from gateway.protection.audit import Audit
from gateway.protection.captcha.challenge import Captcha
from gateway.protection.captcha.proof_of_work import ProofOfWork
from gateway.protection.rate_limiting.limiter import RateLimiter
from gateway.protection.tickets import Tickets
from gateway.settings import Settings
from gateway.web import messages


@dataclass(frozen=True, slots=True)
class Desk:
    settings: Settings
    rules: PasswordRules
    captcha: Captcha
    work: ProofOfWork
    tickets: Tickets
    rate_limiter: RateLimiter
    audit: Audit
    mails: Spool | None
    sms: SmsGateway | None
    background: BackgroundTasks
    refuse_if_full: Callable[[], None]
    """Raises DirectoryBusy where a password could not be hashed soon: asked before an attempt is counted."""

    def sentences(self, refused: Refused) -> list[str]:
        settings = self.settings
        return messages.refusal(
            refused,
            self.rules,
            settings.lockout,
            settings.password.history,
            settings.support.phone,
            ZoneInfo(settings.academy.timezone),
        )
