"""The values that the use cases work with."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from gateway.account.birth_date import BirthDate


class Secret:
    """A text that no log, traceback or repr may show. `reveal` it only where its bytes leave.

    The text is kept exactly as it was typed: no trimming, no Unicode normalisation. The other doors to the
    same password (webmail, LDAP clients, Windows) compare bytes, so a form that changed them would lock
    people out there.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __len__(self) -> int:
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(•••)"

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not to be pickled")


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff as the directory describes them. Of each attribute every value counts, options or not."""

    login: str
    """The first of `logins`: the one that is shown, and that workstations know."""
    surnames: tuple[str, ...]
    """Names in use: the married name, for those who took one."""
    birth_names: tuple[str, ...]
    given_names: tuple[str, ...]
    """As the directory holds them: `("Jean-Pierre",)` or `("Jean", "Pierre")`."""
    mail: str
    """Empty where the directory has none."""
    initial_password: bool
    """Whether the password is still the one given at first, to be changed at the next login."""
    private_mail: str = ""
    phone: str = ""
    """One that takes text messages."""
    other_mails: tuple[str, ...] = ()
    """Further addresses, for notices."""
    other_private_mails: tuple[str, ...] = ()
    other_phones: tuple[str, ...] = ()
    preferred_language: str = ""
    """In the form of Accept-Language (RFC 2798, 2.7); empty where the directory has none."""
    other_logins: tuple[str, ...] = ()
    """Further logins, which open the account as well."""

    @property
    def names(self) -> tuple[str, ...]:
        return self.surnames + self.birth_names + self.given_names

    @property
    def logins(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.login, *self.other_logins)))

    @property
    def mails(self) -> tuple[str, ...]:
        """Every address, each once."""
        return tuple(dict.fromkeys(filter(None, (self.mail, self.private_mail, *self.other_mails))))


@dataclass(frozen=True, slots=True)
class DirectoryLimits:
    """What the directory's own policy asks of one person's password, when the account was read.

    It tells that an account exists, so it is for those who proved whose the account is.
    """

    allows_change: bool = True
    changeable_from: datetime | None = None
    """When the password is old enough to be changed; None where it can be changed now."""
    locked_until: datetime | None = None
    """The end of a lock that no new password lifts; None where there is none now."""
    min_length: int = 0
    """Characters."""
    history: int | None = None
    """How many former passwords are refused; None where that is not known."""


NO_LIMITS = DirectoryLimits()


@dataclass(frozen=True, slots=True)
class Account:
    """The account of somebody who has just proved that it is theirs."""

    person: Person
    dn: str
    """Where the directory keeps the entry (its DN)."""
    uuid: str
    """What stays when the entry is renamed (its entryUUID)."""
    password_stamp: str
    """Differs after each change of the password; empty before the first."""
    password_expired: bool = False
    proof: Secret | None = None
    """The number by which the person proved who they are, as the directory holds it; None after a password."""
    limits: DirectoryLimits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class LockedOut:
    """The wrong password that was just tried locked this person's account. A mail tells them, never the page."""

    person: Person


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to choose one new password, once, for the account that was proved."""

    login: str
    uuid: str
    password_stamp: str
    min_length: int = 0
    """Characters that the directory asks of this person's password."""


@dataclass(frozen=True, slots=True)
class Propagation:
    """One change of password on its way to the person's workstation."""

    uuid: str
    change: str
    targets: tuple[str, ...]
    refused: tuple[str, ...] = ()
    """Those of `targets` where the person has no account."""


@dataclass(frozen=True, slots=True)
class FindRequest:
    surname: str
    given_name: str
    birth_date: BirthDate


@dataclass(frozen=True, slots=True)
class VerifyIdentityRequest:
    login: str
    proof: Secret
    birth_date: BirthDate


@dataclass(frozen=True, slots=True)
class ChooseRequest:
    grant: Grant
    new: Secret


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    login: str
    current: Secret
    new: Secret
