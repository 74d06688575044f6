"""The interfaces that the services need from the layers above them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gateway.account.model import Grant, Person
from gateway.account.ports import Admits
from gateway.account.recovery import Held


@dataclass(frozen=True, slots=True)
class Channel:
    """A private address or phone to which a code can be sent."""

    way: str
    """"mail", "phone" or "totp"."""
    address: str
    """Of an authenticator app its name."""
    language: str
    """The language of the message."""
    method: str = ""
    """The id of the recovery method whose channel it is; "" for what the directory has of the person."""

    @property
    def is_phone(self) -> bool:
        """Whether the code is sent as a text message."""
        return self.way == "phone"

    @property
    def is_app(self) -> bool:
        """Whether an authenticator app shows the code, so that nothing is sent."""
        return self.way == "totp"

    @property
    def masked(self) -> str:
        """The address in a form that only its owner recognises, such as m•••@example.org."""
        if self.is_app:
            return self.address
        if self.is_phone:
            return f"•• •• •• •• {self.address[-2:]}"
        name, _, domain = self.address.rpartition("@")
        return f"{name[:1]}•••@{domain}"


class Notifications(Protocol):
    """Messages to people in their own language. `reference` is the request's number, for the helpdesk."""

    def notify(self, notice: str, person: Person, reference: str, **facts: object) -> None:
        """Queue the mail `notice` (a file of `templates/mail/`) for all addresses of `person`. Never raises.

        `facts`: what else its template needs.
        """

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


class RecoveryValues(Protocol):
    """The sealed recovery methods of an account; `directory/recovery.py` keeps them.

    All methods raise DirectoryUnavailable; `replace` raises WriteUnconfirmed.
    """

    def with_login(self, login: str, admits: Admits) -> Held | None:
        """Return what the account holds; None alike for every login that is not to be served."""

    def of(self, grant: Grant) -> Held | None:
        """Return what the account of `grant` holds; None if the grant is void."""

    def sealed_at(self, dn: str) -> tuple[str, tuple[bytes, ...]]:
        """Return the entryUUID and the sealed methods of an entry, also of one that is not served."""

    def replace(self, held: Held, old: bytes | None, new: bytes | None) -> bool:
        """Write `new` in the place of `old`; None adds or removes. Returns False if `old` is there no more."""
