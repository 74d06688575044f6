"""The interfaces that the services need from the layers above them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gateway.account.model import Person


@dataclass(frozen=True, slots=True)
class Channel:
    """A private address or phone to which a code can be sent."""

    way: str
    """"mail" or "phone"."""
    address: str
    language: str
    """The language of the message."""

    @property
    def is_phone(self) -> bool:
        """Whether the code is sent as a text message."""
        return self.way == "phone"

    @property
    def masked(self) -> str:
        """The address in a form that only its owner recognises, such as m•••@example.org."""
        if self.is_phone:
            return f"•• •• •• •• {self.address[-2:]}"
        name, _, domain = self.address.rpartition("@")
        return f"{name[:1]}•••@{domain}"


class Notifications(Protocol):
    """Messages to people in their own language. `reference` is the request's number, for the helpdesk."""

    def notify(self, notice: str, person: Person, reference: str) -> None:
        """Queue the mail `notice` (a file of `templates/mail/`) for all addresses of `person`. Never raises."""

    def notify_in_background(self, notice: str, person: Person, reference: str) -> None:
        """Do the same in another thread, so that the time of the answer does not show it. Never raises."""

    def notify_helpdesk(self, notice: str, reference: str, **facts: object) -> bool:
        """Queue the mail `notice` for the helpdesk; return False if no mail can be sent. Never raises."""

    @property
    def reaches_helpdesk(self) -> bool:
        """Whether mails to the helpdesk are sent."""

    def language_of(self, person: Person) -> str:
        """Return the code of the offered language that `person` prefers."""

    def send_code(self, channel: Channel, code: str, login: str, reference: str, *, mail: str) -> None:
        """Send `code` now; `mail` is the name of the mail, for a channel that takes mails. Raises DeliveryFailed."""
