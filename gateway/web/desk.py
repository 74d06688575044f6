"""What every page has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.account.outcomes import Refused
from gateway.account.policy import PasswordRules
from gateway.post.background import BackgroundTasks
from gateway.post.spool import Spool
from gateway.post.text_message import TextMessages
from gateway.protection.audit import Audit
from gateway.protection.captcha import Captcha
from gateway.protection.proof_of_work import ProofOfWork
from gateway.protection.throttle import Throttle
from gateway.protection.tickets import Tickets
from gateway.settings import Settings
from gateway.web import wording


@dataclass(frozen=True, slots=True)
class Desk:
    settings: Settings
    rules: PasswordRules
    captcha: Captcha
    work: ProofOfWork
    tickets: Tickets
    throttle: Throttle
    audit: Audit
    mails: Spool | None
    text_messages: TextMessages | None
    background: BackgroundTasks
    refuse_if_full: Callable[[], None]
    """Raises DirectoryBusy where a password could not be hashed soon: asked before an attempt is counted."""

    def sentences(self, refused: Refused) -> list[str]:
        settings = self.settings
        return wording.refusal(
            refused,
            self.rules,
            settings.lockout,
            settings.password.history,
            settings.support.phone,
            ZoneInfo(settings.academy.timezone),
        )
