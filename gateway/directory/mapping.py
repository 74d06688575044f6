"""Between an LDAP entry and our own names: the one place that knows what attributes are called."""

from __future__ import annotations

from datetime import date

from ldap3.utils.conv import escape_filter_chars

from gateway.account.model import Person
from gateway.directory import ppolicy
from gateway.directory.entry import Entry
from gateway.directory.password_stamp import PasswordStamps
from gateway.settings import People

IDENTITY = "entryUUID"
MAX_CHARS = 256
"""Of a name, login or address (RFC 5321, 4.5.3.1.3: 256 octets). A longer value is nobody's, and only costs time."""
MAX_VALUES = 100
"""Of one attribute that count. Nobody has as many names, logins or addresses."""


class PeopleMapping:
    """The settings' `[people]` put to use: filters to send, attributes to ask for, persons to give back."""

    def __init__(self, people: People) -> None:
        self._people = people
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

    def named(self, surname: str, given_name: str, birth_date: date) -> str:
        people, value = self._people, escape_filter_chars(surname)
        return self._person(
            self._birth_date(birth_date)
            + f"(|({people.surname}={value})({people.birth_name}={value}))"
            + f"({people.given_name}={escape_filter_chars(given_name)})"
        )

    def born_on(self, birth_date: date) -> str:
        return self._person(self._birth_date(birth_date))

    def with_login(self, login: str) -> str:
        return self._person(f"({self._people.login}={escape_filter_chars(login)})")

    def with_identity(self, identity: str) -> str:
        return self._person(f"({IDENTITY}={escape_filter_chars(identity)})")

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
            preferred_language=_first(entry, people.preferred_language),
            other_logins=logins[1:],
        )

    def birth_date_assertion(self, birth_date: date) -> tuple[str, str]:
        """The attribute and the value to compare it with."""
        return self._people.birth_date, birth_date.strftime(self._people.birth_date_format)

    def proof_assertion(self, proof: str, value: str) -> tuple[str, str] | None:
        """The same for a proof; None where this directory has no such number."""
        held = self._people.proofs.get(proof)  # type: ignore[call-overload]
        return (held.attribute, held.prefix + value) if held else None

    def _birth_date(self, birth_date: date) -> str:
        attribute, value = self.birth_date_assertion(birth_date)
        return f"({attribute}={escape_filter_chars(value)})"

    def _person(self, conditions: str) -> str:
        return f"(&{self._people.filter}{conditions})"


def _names(entry: Entry, attribute: str) -> tuple[str, ...]:
    """Every value. Where some have options, those without are one name in a row too, as people type them."""
    names, plain = _usable(entry, attribute), entry.without_options(attribute)
    in_a_row = " ".join(plain)
    return (*names, in_a_row) if 1 < len(plain) < len(names) and len(in_a_row) <= MAX_CHARS else names


def _usable(entry: Entry, attribute: str) -> tuple[str, ...]:
    return tuple(value for value in entry.all(attribute) if len(value) <= MAX_CHARS)[:MAX_VALUES]


def _first(entry: Entry, attribute: str) -> str:
    return next(iter(_usable(entry, attribute)), "")
