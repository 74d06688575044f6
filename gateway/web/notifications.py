"""Messages to people about their account: mails that say what happened and whom to call, and codes.

A mail contains no secret except a code, and no link: people must not get used to links in mails about passwords,
because those who steal passwords send them too.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from zoneinfo import ZoneInfo

from flask import current_app, render_template
from flask_babel import force_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from gateway.account.model import Person
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.errors import DeliveryFailed
from gateway.notifications.sms import SmsGateway
from gateway.notifications.sms_notices import SmsNotices
from gateway.notifications.spool import Spool
from gateway.services.ports import Channel
from gateway.settings import Settings
from gateway.web import messages
from gateway.web.language import best_of, current
from gateway.web.typography import for_text_message

log = logging.getLogger(__name__)

MAX_PHONES = 10
"""Maximum number of phones that get a notice, those of the directory first: each one costs money."""
MAX_ADDRESS_CHARS = 254
"""Maximum length of a mail address: RFC 5321, 4.5.3.1.3, without the angle brackets."""


@dataclass(frozen=True, slots=True)
class TemplateNotifications:
    """Writes mails and text messages from templates and catalogues. It needs Flask's application context."""

    settings: Settings
    mails: Spool | None
    sms: SmsGateway | None
    background: BackgroundTasks
    texts: SmsNotices | None = None
    """Where notices by text message wait; None if none are sent."""

    def notify(self, notice: str, person: Person, reference: str, **facts: object) -> None:
        """Queue `notice` (a file of `templates/mail/`) for all addresses of `person`, in their language.

        What happened to a recovery method is told to all phones too, where there is an SMS gateway.

        It never raises, because an invalid address or a full disk must not make the request fail. The page's language
        does not matter: the sender of the request chose it, and may be somebody else. `reference`: the request's id.
        """
        if self.mails is None:
            return
        with force_locale(self.language_of(person)):
            self._text(notice, person)
            for address in person.mails:
                try:
                    self.mails.enqueue(self.write(notice, address, reference, {"login": person.login, **facts}))
                except Exception as error:
                    # `email` raises a dozen kinds of exceptions for addresses that it cannot parse.
                    log.error("a notification could not be stored: %s", type(error).__name__)

    def _text(self, notice: str, person: Person) -> None:
        """Queue `notice` as a text message, if it is one of those that phones get. Never raises."""
        sentence = messages.NOTICES_BY_PHONE.get(notice)
        if self.texts is None or sentence is None:
            return
        for phone in person.phones[:MAX_PHONES]:
            try:
                self.texts.enqueue(notice, phone, for_text_message(str(sentence)))
            except Exception as error:
                log.error("a notice by text message could not be stored: %s", type(error).__name__)

    def notify_in_background(self, notice: str, person: Person, reference: str) -> None:
        """Call `notify` in another thread, so that the time of the present answer reveals nothing."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]

        def send() -> None:
            with app.app_context():
                self.notify(notice, person, reference)

        self.background.submit(send)

    def notify_helpdesk(self, notice: str, reference: str, **facts: object) -> bool:
        """Queue `notice` for the helpdesk's address of the settings, in the site's first language. Never raises."""
        if self.mails is None:
            return False
        with force_locale(self.settings.web.languages[0]):
            try:
                self.mails.enqueue(self.write(notice, self.settings.support.mail, reference, facts))
            except Exception as error:
                log.error("a mail to the helpdesk could not be stored: %s", type(error).__name__)
                return False
        return True

    @property
    def reaches_helpdesk(self) -> bool:
        """Whether mails to the helpdesk are sent."""
        return self.mails is not None

    def language_of(self, person: Person) -> str:
        """Return the site's language that the person prefers (preferredLanguage, RFC 2798), else the site's first."""
        wanted = parse_accept_header(person.preferred_language, LanguageAccept)
        return best_of(wanted, self.settings.web.languages)

    def send_code(self, channel: Channel, code: str, login: str, reference: str, *, mail: str) -> None:
        """Send a code by text message or mail at once, without the spool: it is not stored. Raises DeliveryFailed.

        DeliveryFailed is also raised if the settings have no way to reach this channel, or its address is invalid.
        """
        minutes = self.settings.second_factor.minutes
        with force_locale(channel.language):
            if channel.is_phone:
                if self.sms is None:
                    raise DeliveryFailed
                sentence = messages.CONFIRMATION_BY_PHONE if mail == "recovery_code" else messages.CODE_BY_PHONE
                text = for_text_message(messages.filled(sentence, code=code, minutes=minutes))
                self.sms.send(channel.address, text)
                return
            if self.mails is None:
                raise DeliveryFailed
            facts = {"code": code, "login": login, "minutes": minutes}
            try:
                message = self.write(mail, channel.address, reference, facts)
            except ValueError:
                raise DeliveryFailed from None
            self.mails.send_now(message)

    def write(
        self, notice: str, address: str, reference: str, facts: Mapping[str, object], *, message_id: str = ""
    ) -> EmailMessage:
        """Return the mail `notice` as text and HTML. The first line of its template is the subject.

        `message_id`: what is before the @ of its Message-ID; without it each mail has another one. Raises ValueError
        if `address` is not a mail address.
        """
        academy, sender = self.settings.academy, self.settings.notifications.sender
        now = datetime.now(ZoneInfo(academy.timezone))
        local = {name: fact.astimezone(now.tzinfo) for name, fact in facts.items() if isinstance(fact, datetime)}
        values = {**facts, **local, "now": now, "reference": reference}
        subject, _, text = render_template(f"mail/{notice}.txt", **values).partition("\n")
        paragraphs = text.strip().split("\n\n")
        message = EmailMessage()
        message["From"] = str(Address(academy.name, addr_spec=sender))
        message["To"] = _recipient(address)
        message["Subject"] = subject
        message["Date"] = format_datetime(now)
        domain = sender.rpartition("@")[2]
        message["Message-ID"] = f"<{message_id}@{domain}>" if message_id else make_msgid(domain=domain)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n\n".join(paragraphs) + "\n")
        html = render_template("mail/page.html", subject=subject, paragraphs=paragraphs)
        message.add_alternative(html, subtype="html")
        message["Content-Language"] = current()
        return message


def _recipient(address: str) -> str:
    """Return `address` for a header field. Raises ValueError if it is not exactly one address."""
    if len(address) > MAX_ADDRESS_CHARS:
        raise ValueError("too long for an address")
    try:
        parsed = Address(addr_spec=address)
    except (MessageError, IndexError, AttributeError, RecursionError) as error:
        # Besides ValueError, `email` raises these for text that it cannot parse: `<a@b.fr>`, `a@`, "(((((".
        raise ValueError("no address") from error
    if not parsed.username or not parsed.domain:
        raise ValueError("no address")
    return str(parsed)
