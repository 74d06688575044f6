"""Mails to people about their account: what happened, when, and whom to call if it was not they.

Nothing secret is in them, and no link: people learn to follow links in mails about passwords from those who steal
them.
"""

from __future__ import annotations

import logging
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from zoneinfo import ZoneInfo

from flask import g, render_template
from flask_babel import force_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from gateway.account.model import Person
from gateway.web.desk import Desk
from gateway.web.language import best_of, current

log = logging.getLogger(__name__)

MAX_ADDRESS_CHARS = 254
"""RFC 5321, 4.5.3.1.3, without its angle brackets."""


def tell(desk: Desk, notice: str, person: Person, **facts: object) -> None:
    """Queue `notice` (a file of `templates/mail/`) for all addresses of `person`, in their language. Never raises.

    Whoever sent the request chose the page's language, and need not be this person.
    An address that no mail can carry, or a full disk, must not stop what the person came for.
    """
    if desk.mails is None:
        return
    with force_locale(language_of(desk, person)):
        for address in person.mails:
            try:
                desk.mails.enqueue(mail(desk, notice, address, login=person.login, **facts))
            except Exception as error:
                # `email` raises a dozen kinds of exceptions for addresses that it cannot read.
                log.error("a notice could not be kept: %s", type(error).__name__)


def language_of(desk: Desk, person: Person) -> str:
    """The one of the site's languages that this person prefers, else the academy's first."""
    wanted = parse_accept_header(person.preferred_language, LanguageAccept)
    return best_of(wanted, desk.settings.web.languages)


def mail(desk: Desk, notice: str, address: str, **facts: object) -> EmailMessage:
    """Raises ValueError for an address that no mail server takes."""
    academy, sender = desk.settings.academy, desk.settings.notifications.sender
    now = datetime.now(ZoneInfo(academy.timezone))
    values = {**facts, "now": now, "reference": g.request_id}
    subject, _, text = render_template(f"mail/{notice}.txt", **values).partition("\n")
    paragraphs = text.strip().split("\n\n")
    message = EmailMessage()
    message["From"] = str(Address(academy.name, addr_spec=sender))
    message["To"] = _recipient(address)
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(paragraphs) + "\n")
    html = render_template("mail/page.html", subject=subject, paragraphs=paragraphs)
    message.add_alternative(html, subtype="html")
    message["Content-Language"] = current()
    return message


def _recipient(address: str) -> str:
    """`address` as a header field. Raises ValueError for what is no address, or more than one."""
    if len(address) > MAX_ADDRESS_CHARS:
        raise ValueError("too long for an address")
    try:
        parsed = Address(addr_spec=address)
    except (MessageError, IndexError, AttributeError, RecursionError) as error:
        # What `email` raises for text that it cannot read, besides ValueError: `<a@b.fr>`, `a@`, "(((((".
        raise ValueError("no address") from error
    if not parsed.username or not parsed.domain:
        raise ValueError("no address")
    return str(parsed)
