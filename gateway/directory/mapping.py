"""Mapping between LDAP entries and persons: the only place that knows the names of people's attributes."""

from __future__ import annotations

from collections.abc import Sequence

from ldap3.utils.conv import escape_filter_chars

from gateway.account.birth_date import BirthDate
from gateway.account.charter import read_acceptance
from gateway.account.model import Names, Person
from gateway.directory import ppolicy
from gateway.directory.password_stamp import PasswordStamps
from gateway.ldap import Entry
from gateway.needs.attributes import CHARTER, CLASS, RECOVERABLE
from gateway.needs.attributes import IDENTITY as IDENTITY
from gateway.needs.people import person_attributes, state_attributes
from gateway.settings import People

MAX_NAMED = 10
"""Maximum number of entries that a search for one login or address returns."""
MAX_CHARS = 256
"""Maximum characters of a name, login or address (RFC 5321, 4.5.3.1.3: 256 octets). Longer values are ignored."""
MAX_WORDS = 6
"""Maximum number of words of a name that is searched."""
MAX_VALUES = 100
"""Maximum number of values of one attribute that are used."""


class PeopleMapping:
    """Applies the settings' `[people]`: filters to send, attributes to request, persons to return."""

    def __init__(self, people: People, mail_domain: str = "", more: Sequence[str] = ()) -> None:
        """`mail_domain` is the academy's own domain, which a webmail may add to logins.

        `more` are further attributes that are read of an account.
        """
        self._people = people
        self._mail_domain = mail_domain
        self.base, self.filter = people.base, people.filter
        self.stamps = PasswordStamps(people.password_stamp)
        self.person_attributes = list(person_attributes(people))
        self.login_attributes = [people.login]
        self.name_attributes = [people.surname, people.birth_name, people.given_name]
        self.account_attributes = [*self.person_attributes, *state_attributes(people), *more]

    def name_filter(self, surname: str, given_name: str, birth_date: BirthDate) -> str:
        """Return the filter for a surname or birth name, a given name and a birth date."""
        people, value = self._people, escape_filter_chars(surname)
        return self._person(
            self._birth_date(birth_date)
            + f"(|({people.surname}={value})({people.birth_name}={value}))"
            + f"({people.given_name}={escape_filter_chars(given_name)})"
        )

    def birth_date_filter(self, birth_date: BirthDate) -> str:
        """Return the filter for everybody born on that day."""
        return self._person(self._birth_date(birth_date))

    def search_filter(self, typed: str) -> str:
        """Return the filter for everybody whose login, mail address, surname or full name is `typed`, in any order.

        Each part of it is an equality, which an index of the directory answers.
        """
        people, value = self._people, escape_filter_chars(typed)
        names = (people.login, people.mail, people.surname, people.birth_name)
        alternatives = [f"({name}={value})" for name in names]
        alternatives += [
            f"(&(|({people.surname}={surname})({people.birth_name}={surname}))({people.given_name}={given_name}))"
            for surname, given_name in _full_names(typed)
        ]
        return self._person(f"(|{''.join(alternatives)})")

    def login_filter(self, typed: str) -> str:
        """Return the filter for all entries that `typed` may mean; `named_by` then selects among them."""
        alternatives = [f"({attribute}={escape_filter_chars(value)})" for attribute, value in self._may_name(typed)]
        return self._person(alternatives[0] if len(alternatives) == 1 else f"(|{''.join(alternatives)})")

    def named_by(self, typed: str, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Return the entries whose login is `typed`, else all `entries`.

        The others have `typed` as mail address, or have the login that it contains before the academy's domain.
        """
        (attribute, value), *_ = self._may_name(typed)
        return [entry for entry in entries if _has(entry, attribute, value)] or entries

    def _may_name(self, typed: str) -> list[tuple[str, str]]:
        """Return attributes and values that may identify a person, the login first."""
        people = self._people
        local, at, domain = typed.rpartition("@")
        if not (at and local and people.mail_as_login):
            return [(people.login, typed)]
        names = [(people.login, typed), (people.mail, typed)]
        if domain.casefold() == self._mail_domain.casefold():
            names.append((people.login, local))
        return names

    def uuid_filter(self, uuid: str) -> str:
        """Return the filter for an entryUUID."""
        return self._person(f"({IDENTITY}={escape_filter_chars(uuid)})")

    def logins(self, entry: Entry) -> tuple[str, ...]:
        """Return all logins of the entry."""
        return entry.all(self._people.login)

    def person(self, entry: Entry) -> Person:
        """Convert an entry to a person. Values that are too long are left out."""
        people, logins = self._people, _usable(entry, self._people.login)
        return Person(
            login=next(iter(logins), ""),
            surnames=_names(entry, people.surname),
            birth_names=_names(entry, people.birth_name),
            given_names=_names(entry, people.given_name),
            mail=_first(entry, people.mail),
            initial_password=entry.first(ppolicy.MUST_CHANGE).upper() == "TRUE",
            private_mail=_first(entry, people.private_mail),
            phone=_first(entry, people.phone),
            other_mails=_usable(entry, people.mail)[1:] + _usable(entry, people.private_mail)[1:],
            other_private_mails=_usable(entry, people.private_mail)[1:],
            other_phones=_usable(entry, people.phone)[1:],
            preferred_language=_first(entry, people.preferred_language),
            other_logins=logins[1:],
        )

    def names(self, entry: Entry) -> Names:
        """Convert an entry to the names of a person. Values that are too long are left out."""
        people = self._people
        return Names(
            entry.dn,
            _names(entry, people.surname),
            _names(entry, people.birth_name),
            _names(entry, people.given_name),
        )

    def charter(self, entry: Entry) -> str:
        """Return the version of the acceptable use policy that the person accepted last; "" if none."""
        return read_acceptance(entry.first(CHARTER))

    def lacks_class(self, entry: Entry) -> bool:
        """Return whether the entry lacks the class that an acceptance needs."""
        return CLASS in self.account_attributes and RECOVERABLE.lower() not in (
            value.lower() for value in entry.all(CLASS)
        )

    def birth_date_assertion(self, birth_date: BirthDate) -> tuple[str, str]:
        """Return the attribute of the birth date and the value to compare it with."""
        return self._people.birth_date, birth_date.strftime(self._people.birth_date_format)

    def proof_assertion(self, proof: str, value: str) -> tuple[str, str] | None:
        """Return the same for a proof; None if this directory has no such number."""
        held = self._people.proofs.get(proof)  # type: ignore[call-overload]
        return (held.attribute, held.prefix + value) if held else None

    def _birth_date(self, birth_date: BirthDate) -> str:
        attribute, value = self.birth_date_assertion(birth_date)
        return f"({attribute}={escape_filter_chars(value)})"

    def _person(self, conditions: str) -> str:
        return f"(&{self._people.filter}{conditions})"


def _full_names(typed: str) -> list[tuple[str, str]]:
    """Return what may be surname and given name in `typed`, escaped for a filter: "Le Goff Anne", "Anne Le Goff"."""
    words = typed.split()[:MAX_WORDS]
    splits = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    return [
        (escape_filter_chars(surname), escape_filter_chars(given_name))
        for one, other in splits
        for surname, given_name in ((one, other), (other, one))
    ]


def _has(entry: Entry, attribute: str, value: str) -> bool:
    """Return whether the entry has that value.

    Case and outer blanks are ignored, as directories compare logins and addresses.
    """
    wanted = value.strip().casefold()
    return any(held.strip().casefold() == wanted for held in entry.all(attribute))


def _names(entry: Entry, attribute: str) -> tuple[str, ...]:
    """Return every value.

    If some have options, the values without options, joined, are one more name, as people type them.
    """
    names, plain = _usable(entry, attribute), entry.without_options(attribute)
    in_a_row = " ".join(plain)
    return (*names, in_a_row) if 1 < len(plain) < len(names) and len(in_a_row) <= MAX_CHARS else names


def _usable(entry: Entry, attribute: str) -> tuple[str, ...]:
    return tuple(value for value in entry.all(attribute) if len(value) <= MAX_CHARS)[:MAX_VALUES]


def _first(entry: Entry, attribute: str) -> str:
    return next(iter(_usable(entry, attribute)), "")
