"""The second proof of a reset: a code sent to the person's private address or phone.

The code and the tries that are left travel sealed in the form's ticket, which serves once: nothing is stored, and no
try can be taken back.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel.speaklater import LazyString

from gateway.account.model import Grant, Person
from gateway.post.errors import NotSent
from gateway.protection.tickets import Void
from gateway.web import notices, wording
from gateway.web.desk import Desk
from gateway.web.forms import CodeForm
from gateway.web.pages.service import REFUSED
from gateway.web.pages.ticket import TicketPage

DIGITS = 6


class CodePage(TicketPage):
    form_class = CodeForm
    template = "reset_code"
    panel = "reset-code"
    purpose = "code"

    def __init__(
        self,
        desk: Desk,
        *,
        go_on: Callable[[Grant], ResponseReturnValue],
        start_again: Callable[[str], ResponseReturnValue],
    ) -> None:
        super().__init__(desk, start_again)
        self.go_on = go_on
        self.rules_of = desk.settings.second_proof

    @staticmethod
    def grant_in(payload: dict[str, Any]) -> Grant:
        return Grant(**payload["grant"])

    def ask(self, grant: Grant, person: Person) -> ResponseReturnValue | None:
        """Send a code and ask for it; None where the settings want none of this person."""
        if not self.rules_of.ways:
            return None
        reachable = [(way, address) for way in self.rules_of.ways if (address := _address(way, person))]
        if not reachable:
            return None if self.rules_of.without == "allow" else self.start_again(str(wording.NO_SECOND_PROOF))
        form = CodeForm(formdata=None)
        form.grant = grant
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        for way, address in reachable:
            try:
                with force_locale(notices.language_of(self.desk, person)):
                    self._send(way, address, code, grant.login)
            except NotSent:
                continue
            self.note(form, f"code_sent_by_{way}")
            return self._offer(form, code, _masked(way, address))
        self.note(form, "code_not_sent")
        return self.start_again(str(wording.CODE_NOT_SENT))

    def serve(self, form: Any) -> ResponseReturnValue:
        typed = "".join(str(form.code.data).split())
        if hmac.compare_digest(typed.encode(), form.spent.payload["code"].encode()):
            self.note(form, "code_right")
            return self.go_on(form.grant)
        return self._try_again(form)

    def _try_again(self, form: Any) -> ResponseReturnValue:
        left = form.spent.payload["left"] - 1
        self.note(form, "code_wrong", tries_left=left)
        if not left:
            return self.start_again(str(wording.CODE_TOO_OFTEN))
        self.renew(form, {**form.spent.payload, "left": left})
        form.code.errors = [wording.filled(wording.CODE_WRONG, left=left)]
        form.code.data = ""
        return self.show(form), REFUSED

    def _offer(self, form: CodeForm, code: str, sent_to: str) -> ResponseReturnValue:
        payload = {"grant": asdict(form.grant), "code": code, "left": self.rules_of.tries, "sent_to": sent_to}
        form.ticket.data = self.desk.tickets.issue(self.purpose, payload, 60 * self.rules_of.minutes)
        return self.show(form)

    def show(self, form: Any, sentences: Sequence[str | LazyString] | None = None, **more: Any) -> str:
        """The ticket itself says where its code was sent."""
        ticket = self.desk.tickets.open(self.purpose, form.ticket.data or "")
        sent_to = "" if isinstance(ticket, Void) else ticket.payload["sent_to"]
        return super().show(form, sentences, sent_to=sent_to, minutes=self.rules_of.minutes, **more)

    def _send(self, way: str, address: str, code: str, login: str) -> None:
        """At once, and kept nowhere. Raises NotSent."""
        desk, minutes = self.desk, self.rules_of.minutes
        if way == "phone":
            if desk.text_messages is None:
                raise NotSent
            desk.text_messages.send(address, wording.filled(wording.CODE_BY_PHONE, code=code, minutes=minutes))
            return
        if desk.mails is None:
            raise NotSent
        try:
            mail = notices.mail(desk, "code", address, code=code, login=login, minutes=minutes)
        except ValueError:
            raise NotSent from None
        desk.mails.send_now(mail)


def _address(way: str, person: Person) -> str:
    return person.phone if way == "phone" else person.private_mail


def _masked(way: str, address: str) -> str:
    """Enough for its owner to know where to look, too little for anybody else."""
    if way == "phone":
        return f"•• •• •• •• {address[-2:]}"
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}"
