"""From the outcomes and failures of services to sentences, with the numbers of the settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import g
from flask_babel.speaklater import LazyString

from gateway.account.outcomes import Refusal, Refused
from gateway.account.policy import PasswordRules
from gateway.protection.tickets import TokenError
from gateway.services.outcomes import Outage
from gateway.services.second_factor import CodeLimited
from gateway.settings import Settings
from gateway.web import messages
from gateway.web.typography import french

_OUTAGES = {
    "directory_unavailable": messages.UNAVAILABLE,
    "write_unconfirmed": messages.UNCONFIRMED,
    "store_unavailable": messages.STORE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Sentences:
    """Turns outcomes into sentences in the language of the page."""

    settings: Settings
    rules: PasswordRules

    def refused(self, refused: Refused) -> list[str]:
        """Return the sentences for a refusal: one per broken rule, else a single one."""
        settings = self.settings
        sentences = messages.refusal(
            refused,
            self.rules,
            settings.lockout,
            settings.password.history,
            french(settings.support.phone),
            ZoneInfo(settings.academy.timezone),
        )
        if refused.code is Refusal.NOT_PROVED and settings.gives_codes:
            sentences.append(str(messages.CODE_NOT_PROVED))
        return sentences

    def outage(self, outage: Outage) -> str | LazyString:
        """Return the sentence for a failure of the infrastructure. It needs a request, whose id it may contain."""
        if outage.code == "directory_misconfigured":
            return messages.filled(messages.MISCONFIGURED, request_id=g.request_id)
        if outage.code == "busy":
            return messages.filled(messages.BUSY, seconds=outage.retry_after_seconds)
        return _OUTAGES[outage.code]

    def ticket_void(self, reason: TokenError) -> str:
        """Return the sentence for a ticket that cannot be used any more."""
        if reason is TokenError.REPLAYED:
            return str(messages.TICKET_USED)
        return messages.filled(messages.TICKET_EXPIRED, minutes=self.settings.reset.ticket_minutes)

    def code_limited(self, limited: CodeLimited) -> str:
        """Return the sentence for a code that a rate limit stopped, with the wait in full minutes and the phone."""
        minutes, phone = math.ceil(limited.retry_after_seconds / 60), french(self.settings.support.phone)
        return messages.filled(messages.CODE_LIMITED, minutes=minutes, phone=phone)
