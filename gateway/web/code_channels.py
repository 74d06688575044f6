"""Where the code of a second factor can go, and sending it there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import force_locale

from gateway.account.model import Person
from gateway.notifications.errors import DeliveryFailed
from gateway.web import messages, notices
from gateway.web.desk import Desk

MAX_CHANNELS = 4
"""So many fit into a ticket, whatever their length."""


@dataclass(frozen=True, slots=True)
class Channel:
    way: str
    """"mail" or "phone"."""
    address: str
    language: str
    """Of the message."""

    @property
    def is_phone(self) -> bool:
        return self.way == "phone"

    @property
    def masked(self) -> str:
        """Enough for its owner to know where to look, too little for anybody else."""
        if self.is_phone:
            return f"•• •• •• •• {self.address[-2:]}"
        name, _, domain = self.address.rpartition("@")
        return f"{name[:1]}•••@{domain}"


def channels_of(desk: Desk, person: Person) -> list[Channel]:
    """Every private address and phone of the person, in the order of the settings."""
    held = {
        "mail": (person.private_mail, *person.other_private_mails),
        "phone": (person.phone, *person.other_phones),
    }
    language = notices.language_of(desk, person)
    ways: Sequence[str] = desk.settings.second_factor.methods
    channels = [Channel(way, address, language) for way in ways for address in held[way] if address]
    return list(dict.fromkeys(channels))[:MAX_CHANNELS]


def send_code(desk: Desk, channel: Channel, code: str, login: str) -> None:
    """At once, and kept nowhere. Raises NotSent."""
    minutes = desk.settings.second_factor.minutes
    with force_locale(channel.language):
        if channel.is_phone:
            if desk.sms is None:
                raise DeliveryFailed
            text = messages.filled(messages.CODE_BY_PHONE, code=code, minutes=minutes)
            desk.sms.send(channel.address, text)
            return
        if desk.mails is None:
            raise DeliveryFailed
        try:
            mail = notices.mail(desk, "code", channel.address, code=code, login=login, minutes=minutes)
        except ValueError:
            raise DeliveryFailed from None
        desk.mails.send_now(mail)
