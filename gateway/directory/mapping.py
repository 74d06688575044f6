"""Between an LDAP entry and our own names: the one place that knows what attributes are called."""

from __future__ import annotations

from collections.abc import Sequence

from ldap3.utils.conv import escape_filter_chars

from gateway.account.birth_date import BirthDate
from gateway.account.model import Person
from gateway.directory import ppolicy
from gateway.directory.password_stamp import PasswordStamps
from gateway.ldap import Entry
from gateway.settings import People

IDENTITY = "entryUUID"
MAX_NAMED = 10
"""People asked for who may be meant by one login or address."""
MAX_CHARS = 256
"""Of a name, login or address (RFC 5321, 4.5.3.1.3: 256 octets). A longer value is nobody's, and only costs time."""
MAX_VALUES = 100
"""Of one attribute that count. Nobody has as many names, logins or addresses."""


class PeopleMapping:
    """The settings' `[people]` put to use: filters to send, attributes to ask for, persons to give back."""

    def __init__(self, people: People, mail_domain: str = "") -> None:
        """`mail_domain`: the academy's own, which a webmail may add to logins."""
        self._people = people
        self._mail_domain = mail_domain
        self.base = people.base
        self.stamps = PasswordStamps(people.password_stamp)
        self.person_attributes = [
            people.login, people.surname, people.birth_name, people.given_name, people.mail, ppolicy.MUST_CHANGE,
            *filter(None, (people.private_mail, people.phone, people.preferred_language)),
        ]  # fmt: skip
        self.login_attributes = [people.login]
        self.account_attributes = [
            *self.person_attributes, IDENTITY, ppolicy.CHANGED_AT, ppolicy.LOCKED_AT, ppolicy.STARTS_AT,
            ppolicy.ENDS_AT, ppolicy.POLICY, ppolicy.LOCKED_UNTIL, ppolicy.LAST_SUCCESS,
            *self.stamps.attributes,
        ]  # fmt: skip

    def name_filter(self, surname: str, given_name: str, birth_date: BirthDate) -> str:
        people, value = self._people, escape_filter_chars(surname)
        return self._person(
            self._birth_date(birth_date)
            + f"(|({people.surname}={value})({people.birth_name}={value}))"
            + f"({people.given_name}={escape_filter_chars(given_name)})"
        )

    def birth_date_filter(self, birth_date: BirthDate) -> str:
        return self._person(self._birth_date(birth_date))

    def login_filter(self, typed: str) -> str:
        """Of whoever has that login, or may have typed that in its place: `named_by` tells whom of them it means."""
        alternatives = [f"({attribute}={escape_filter_chars(value)})" for attribute, value in self._may_name(typed)]
        return self._person(alternatives[0] if len(alternatives) == 1 else f"(|{''.join(alternatives)})")

    def named_by(self, typed: str, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Those whose login it is, else those whose mail address, or login with the academy's domain behind it."""
        (attribute, value), *_ = self._may_name(typed)
        return [entry for entry in entries if _has(entry, attribute, value)] or entries

    def _may_name(self, typed: str) -> list[tuple[str, str]]:
        """Attributes and values that may name somebody, the login first."""
        people = self._people
        local, at, domain = typed.rpartition("@")
        if not (at and local and people.mail_as_login):
            return [(people.login, typed)]
        names = [(people.login, typed), (people.mail, typed)]
        if domain.casefold() == self._mail_domain.casefold():
            names.append((people.login, local))
        return names

    def uuid_filter(self, uuid: str) -> str:
        return self._person(f"({IDENTITY}={escape_filter_chars(uuid)})")

    def logins(self, entry: Entry) -> tuple[str, ...]:
        return entry.all(self._people.login)

    def person(self, entry: Entry) -> Person:
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

    def birth_date_assertion(self, birth_date: BirthDate) -> tuple[str, str]:
        """The attribute and the value to compare it with."""
        return self._people.birth_date, birth_date.strftime(self._people.birth_date_format)

    def proof_assertion(self, proof: str, value: str) -> tuple[str, str] | None:
        """The same for a proof; None where this directory has no such number."""
        held = self._people.proofs.get(proof)  # type: ignore[call-overload]
        return (held.attribute, held.prefix + value) if held else None

    def _birth_date(self, birth_date: BirthDate) -> str:
        attribute, value = self.birth_date_assertion(birth_date)
        return f"({attribute}={escape_filter_chars(value)})"

    def _person(self, conditions: str) -> str:
        return f"(&{self._people.filter}{conditions})"


def _has(entry: Entry, attribute: str, value: str) -> bool:
    """Compared without regard to case and blanks at the ends, as directories compare logins and addresses."""
    wanted = value.strip().casefold()
    return any(held.strip().casefold() == wanted for held in entry.all(attribute))


def _names(entry: Entry, attribute: str) -> tuple[str, ...]:
    """Every value. Where some have options, those without are one name in a row too, as people type them."""
    names, plain = _usable(entry, attribute), entry.without_options(attribute)
    in_a_row = " ".join(plain)
    return (*names, in_a_row) if 1 < len(plain) < len(names) and len(in_a_row) <= MAX_CHARS else names


def _usable(entry: Entry, attribute: str) -> tuple[str, ...]:
    return tuple(value for value in entry.all(attribute) if len(value) <= MAX_CHARS)[:MAX_VALUES]


def _first(entry: Entry, attribute: str) -> str:
    return next(iter(_usable(entry, attribute)), "")
