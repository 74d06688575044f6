"""Values that the use cases receive and return."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from gateway.account.birth_date import BirthDate
from gateway.account.phone_number import significant_digits


class Secret:
    """A text that must not appear in a log, a traceback or a repr.

    Call `reveal` only where its bytes leave the process. The text is kept exactly as it was typed: no trimming, no
    Unicode normalisation. The other entry points that use the same password (webmail, LDAP clients, Windows) compare
    bytes, so a form that changed them would lock people out there.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
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
    """One member of staff as the directory describes them.

    Every value of each attribute counts, also those with options.
    """

    login: str
    """The first of `logins`, which the pages show and workstations know."""
    surnames: tuple[str, ...]
    """Surnames in use: the married name, for those who took one."""
    birth_names: tuple[str, ...]
    given_names: tuple[str, ...]
    """Given names as the directory has them: `("Jean-Pierre",)` or `("Jean", "Pierre")`."""
    mail: str
    """Professional mail address; "" if the directory has none."""
    initial_password: bool
    """Whether the password is still the initial one, which must be changed at the next login."""
    private_mail: str = ""
    phone: str = ""
    """A phone number that receives text messages; "" if the directory has none."""
    other_mails: tuple[str, ...] = ()
    """Further addresses, for notifications."""
    other_private_mails: tuple[str, ...] = ()
    other_phones: tuple[str, ...] = ()
    preferred_language: str = ""
    """In the form of Accept-Language (RFC 2798, 2.7); "" if the directory has none."""
    other_logins: tuple[str, ...] = ()
    """Further logins, which open the account as well."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return all surnames, birth names and given names."""
        return self.surnames + self.birth_names + self.given_names

    @property
    def logins(self) -> tuple[str, ...]:
        """Return all logins, the shown one first."""
        return tuple(filter(None, (self.login, *self.other_logins)))

    @property
    def mails(self) -> tuple[str, ...]:
        """Return every mail address once, the professional one first."""
        return tuple(dict.fromkeys(filter(None, (self.mail, self.private_mail, *self.other_mails))))

    @property
    def phones(self) -> tuple[str, ...]:
        """Return every phone number once, whatever its spellings. A value without a digit is none."""
        phones = {significant_digits(phone): phone for phone in reversed((self.phone, *self.other_phones))}
        return tuple(phone for digits, phone in reversed(phones.items()) if digits)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of somebody, as in `Person`: all that is read of the many among whom one is looked for."""

    dn: str
    surnames: tuple[str, ...]
    birth_names: tuple[str, ...]
    given_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectoryLimits:
    """What the directory's policy requires of one person's password, at the time when the account was read.

    It reveals that an account exists, so show it only to people who proved whose account it is.
    """

    allows_change: bool = True
    changeable_from: datetime | None = None
    """Time (UTC) at which the password is old enough to be changed; None if it can be changed now."""
    locked_until: datetime | None = None
    """End (UTC) of a lock that no new password lifts; None if there is no such lock now."""
    min_length: int = 0
    """Minimum length in characters."""
    history: int | None = None
    """Number of former passwords that are refused; None if it is not known."""


NO_LIMITS = DirectoryLimits()


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a person who has just proved that it is theirs."""

    person: Person
    dn: str
    """DN of the entry."""
    uuid: str
    """entryUUID of the entry (RFC 4530), which stays when the entry is renamed."""
    password_stamp: str
    """Value that differs after each change of the password; "" before the first change."""
    password_expired: bool = False
    proof: Secret | None = None
    """The number by which the person proved who they are, as the directory has it; None after a password."""
    limits: DirectoryLimits = NO_LIMITS
    has_reset_code: bool = False
    """Whether the helpdesk gave a code that is still there; a new password removes it."""
    reset_code: str = ""
    """The hash of the code by which the person proved who they are; "" after another proof."""
    charter: str = ""
    """Version of the acceptable use policy that the person accepted last; "" if none, or if nobody is asked."""
    lacks_class: bool = False
    """Whether the entry has not yet the class that an acceptance needs."""


@dataclass(frozen=True, slots=True)
class LockedOut:
    """The wrong password that was just tried locked this person's account. Inform them by mail, never on the page."""

    person: Person


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to choose one new password, once, for the account whose owner was verified."""

    login: str
    uuid: str
    password_stamp: str
    min_length: int = 0
    """Minimum length, in characters, that the directory requires of this person's password."""
    reset_code: str = ""
    """As in `Account`: the grant is void once that code was used, closed or replaced."""
    is_disputed: bool = False
    """Whether the person says that somebody else used the account."""


@dataclass(frozen=True, slots=True)
class Propagation:
    """One change of a password on its way to the person's workstation."""

    uuid: str
    change: str
    targets: tuple[str, ...]
    refused: tuple[str, ...] = ()
    """Those of `targets` in which the person has no account."""


@dataclass(frozen=True, slots=True)
class FindRequest:
    """What a person typed to find their account."""

    surname: str
    given_name: str
    birth_date: BirthDate


@dataclass(frozen=True, slots=True)
class VerifyIdentityRequest:
    """What a person typed to prove who they are, before a reset."""

    login: str
    proof: Secret
    birth_date: BirthDate


@dataclass(frozen=True, slots=True)
class ChooseRequest:
    """A new password for the account of a grant."""

    grant: Grant
    new: Secret
    accepts: str = ""
    """Version of the acceptable use policy that the person accepts with it; "" for none."""


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What a person typed to change their password."""

    login: str
    current: Secret
    new: Secret
    accepts: str = ""
    """As in `ChooseRequest`."""
