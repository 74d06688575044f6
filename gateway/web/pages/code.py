"""The second factor of a reset: a code sent to the person's private address or phone.

The code and the tries that are left travel sealed in the form's ticket, which serves once: nothing is stored, and no
try can be taken back. The channels that may be chosen travel there too.
"""

from __future__ import annotations

import hmac
import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel.speaklater import LazyString

from gateway.account.model import Grant, Person
from gateway.notifications.errors import DeliveryFailed
from gateway.protection.tickets import TokenError
from gateway.web import messages
from gateway.web.code_channels import Channel, channels_of, send_code
from gateway.web.desk import Desk
from gateway.web.forms import ChannelForm, CodeForm
from gateway.web.pages.service import REFUSED, TOO_MANY
from gateway.web.pages.ticket import TicketPage

DIGITS = 6
NOWHERE_YET = -1


class _CodeStep(TicketPage):
    purpose = "code"
    panel = "reset-code"

    @staticmethod
    def grant_in(payload: dict[str, Any]) -> Grant:
        return Grant(**payload["grant"])

    def show(self, form: Any, sentences: Sequence[str | LazyString] | None = None, **more: Any) -> str:
        """The ticket itself says where its code was sent, and where another one can go."""
        ticket = self.desk.tickets.open(self.purpose, form.ticket.data or "")
        payload = {} if isinstance(ticket, TokenError) else ticket.payload
        masked = [channel.masked for channel in _channels(payload)]
        sent_to = payload.get("sent_to", NOWHERE_YET)
        return super().show(
            form,
            sentences,
            channels=masked,
            chosen=max(sent_to, 0),
            sent_to=masked[sent_to] if 0 <= sent_to < len(masked) else "",
            minutes=self.desk.settings.second_factor.minutes,
            **more,
        )


class CodePage(_CodeStep):
    """The code is typed."""

    form_class = CodeForm
    template = "reset_code"

    def __init__(
        self,
        desk: Desk,
        *,
        next_step: Callable[[Grant], ResponseReturnValue],
        restart: Callable[[str], ResponseReturnValue],
    ) -> None:
        super().__init__(desk, restart)
        self.next_step = next_step

    def form_valid(self, form: Any) -> ResponseReturnValue:
        typed, code = "".join(str(form.code.data).split()), form.spent.payload["code"]
        if code and hmac.compare_digest(typed.encode(), code.encode()):
            self.audit(form, "code_right")
            return self.next_step(form.grant)
        return self._try_again(form)

    def _try_again(self, form: Any) -> ResponseReturnValue:
        left = form.spent.payload["left"] - 1
        self.audit(form, "code_wrong", tries_left=left)
        if left < 1:
            return self.restart(str(messages.CODE_TOO_OFTEN))
        self.renew(form, {**form.spent.payload, "left": left})
        form.code.errors = [messages.filled(messages.CODE_WRONG, left=left)]
        form.code.data = ""
        return self.show(form), REFUSED


class ChannelPage(_CodeStep):
    """Where the code goes, where there is a choice; also for the buttons that ask for another code."""

    form_class = ChannelForm
    template = "reset_channel"

    def __init__(self, desk: Desk, code_step: CodePage) -> None:
        super().__init__(desk, code_step.restart)
        self.code_step = code_step
        self.rules_of = desk.settings.second_factor

    def ask(self, grant: Grant, person: Person) -> ResponseReturnValue | None:
        """Send a code where there is one way, else ask for the way; None where the settings want no code of them."""
        if not self.rules_of.methods:
            return None
        channels = channels_of(self.desk, person)
        if not channels:
            return None if self.rules_of.if_none_known == "allow" else self.restart(str(messages.NO_SECOND_FACTOR))
        form = ChannelForm(formdata=None)
        form.grant = grant
        payload = {
            "grant": asdict(grant),
            "channels": [asdict(channel) for channel in channels],
            "code": "",
            "left": 0,
            "sent_to": NOWHERE_YET,
        }
        self._issue(form, payload)
        return self.show(form) if len(channels) > 1 else self._send(form, payload, 0)

    def form_valid(self, form: Any) -> ResponseReturnValue:
        payload, text = form.spent.payload, str(form.channel.data or "")
        self.renew(form, payload)
        if not text.isdecimal() or int(text) >= len(payload["channels"]):
            form.channel.errors = [messages.CHANNEL_MISSING]
            return self.show(form), REFUSED
        return self._send(form, payload, int(text))

    def _send(self, form: Any, payload: dict[str, Any], index: int) -> ResponseReturnValue:
        channel = _channels(payload)[index]
        count = partial(
            self.desk.rate_limiter.admit_code,
            form.grant.identity,
            channel.address,
            is_text_message=channel.is_phone,
        )
        # A text message may be paid for although its service answers with an error; a mail that failed costs nothing.
        wait = count(only_look=not channel.is_phone)
        if wait:
            self.audit(form, "rate_limited", limit=wait.scope)
            minutes, phone = math.ceil(wait.seconds / 60), self.desk.settings.support.phone
            sentence = messages.filled(messages.CODE_LIMITED, minutes=minutes, phone=phone)
            return self._stay(form, payload, sentence), TOO_MANY, {"Retry-After": str(wait.seconds)}
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        try:
            send_code(self.desk, channel, code, form.grant.login)
        except DeliveryFailed:
            self.audit(form, "code_not_sent")
            if len(payload["channels"]) == 1 and not payload["code"]:
                return self.restart(str(messages.CODE_NOT_SENT))
            sentence = messages.filled(messages.CODE_NOT_SENT_THERE, sent_to=channel.masked)
            return self._stay(form, payload, sentence), REFUSED
        if not channel.is_phone:
            count()
        self.audit(form, f"code_sent_by_{channel.way}")
        typing = CodeForm(formdata=None)
        typing.grant = form.grant
        self._issue(typing, {**payload, "code": code, "left": self.rules_of.max_attempts, "sent_to": index})
        return self.code_step.show(typing)

    def _stay(self, form: Any, payload: dict[str, Any], sentence: str) -> str:
        """On the page that it was: a code that was sent before still serves."""
        if not payload["code"]:
            return self.show(form, [sentence])
        typing = CodeForm(formdata=None)
        typing.ticket.data = form.ticket.data
        return self.code_step.show(typing, [sentence])

    def _issue(self, form: Any, payload: dict[str, Any]) -> None:
        form.ticket.data = self.desk.tickets.issue(self.purpose, payload, 60 * self.rules_of.minutes)


def _channels(payload: dict[str, Any]) -> list[Channel]:
    return [Channel(**channel) for channel in payload.get("channels", ())]
