"""Recovery methods: what each person may add to their account, to get back into it without the password."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto

from gateway.account.model import Account, Secret

MAX_METHODS = 10
"""Maximum number of methods of one person."""
MAX_NAME_CHARS = 40
"""Maximum number of characters of the name that a person gives a method."""

MAX_ADDRESS_CHARS = 254
"""Maximum number of characters of a mail address (RFC 5321, 4.5.3.1.3) or phone number."""
MAX_ID_CHARS = 32
"""Maximum number of characters of a method's id, which forms hold."""


class RecoveryKind(StrEnum):
    """The kinds of methods. The values are stable: the directory, settings, audit and scripts hold them."""

    MAIL = "mail"
    MOBILE = "mobile"
    PASSKEY = "passkey"
    TOTP = "totp"


@dataclass(frozen=True, slots=True)
class RecoveryMethod:
    """One method that its owner confirmed. Whatever is not confirmed is stored nowhere."""

    id: str
    kind: RecoveryKind
    name: str
    """What the person calls it."""
    added_at: datetime
    """When it was confirmed (UTC)."""
    used_at: datetime | None = None
    address: str = field(default="", repr=False)
    """The mail address or phone number of these two kinds."""
    secret: Secret | None = None
    """The shared secret of TOTP (RFC 6238), in base32."""
    credential: str = ""
    """The id of a passkey's credential, in base64url."""
    public_key: str = ""
    """The public key of a passkey (COSE), in base64url."""
    counter: int = 0
    """The last value that was accepted: a passkey's signature counter, or the time step of TOTP."""

    def ready_at(self, rest: timedelta) -> datetime:
        """Return when it may serve a reset.

        It rests before, so that somebody who has the password for an hour cannot keep the account.
        """
        return self.added_at + rest

    def is_ready(self, now: datetime, rest: timedelta) -> bool:
        """Return whether it may serve a reset."""
        return self.ready_at(rest) <= now


@dataclass(frozen=True, slots=True)
class Held:
    """The entry of a person, as far as recovery needs it."""

    account: Account
    values: tuple[bytes, ...]
    """The sealed methods, as the directory holds them."""
    has_class: bool
    """Whether the entry has the object class that permits methods."""


class PasskeyRefusal(Enum):
    """Why an answer is refused; a person is not told which."""

    WRONG = auto()
    """Unreadable, of another site, without verification of the person, or not signed by the passkey."""
    CLONED = auto()
    """The signature is right and the counter did not rise: there are two authenticators with this key."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that was just made."""

    credential: str
    public_key: str
    counter: int


@dataclass(frozen=True, slots=True)
class SealedMethod:
    """One method as the directory holds it."""

    dn: str
    uuid: str
    """The entryUUID of the entry, which the seal names."""
    value: bytes
