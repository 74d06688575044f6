"""Who is in the directory, as an import looks them up, and which logins and addresses are taken."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.account.names import one_of_several, same_name
from gateway.account.staff_file import NUMBERS, StaffRow
from gateway.ldap import Entry
from gateway.settings import People


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody who has an entry, or gets one from an earlier row of the file."""

    label: str
    """The login, or the DN of an entry that `people.filter` does not name."""
    names: tuple[str, ...]
    """Surnames and birth names."""
    given_names: tuple[str, ...]
    numbers: Mapping[str, frozenset[str]]
    """Of each kind (`NUMBERS`), in capitals and without prefix."""

    def has_name_of(self, row: StaffRow) -> bool:
        surnames = [name for name in (row.surname, row.birth_name) if name]
        return any(same_name(name, self.names) for name in surnames) and (
            same_name(row.given_name, self.given_names) or one_of_several(row.given_name, self.given_names)
        )


@dataclass(slots=True)
class StaffIndex:
    people: People
    logins: dict[str, str] = field(default_factory=dict)
    """All that are taken, normalised (`normalized`), each with the DN of an entry that holds it, or of none yet."""
    shared_logins: dict[str, set[str]] = field(default_factory=dict)
    """Those that several entries of people hold, with their DNs: nobody is served under them."""
    mails: set[str] = field(default_factory=set)
    by_number: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    """Entries that `people.filter` names, by each of their numbers; more than one is a fault of the directory."""
    outside_by_number: dict[str, str] = field(default_factory=dict)
    """The DN of every other entry that holds a number."""
    _by_birth_date: dict[str, list[KnownPerson]] = field(default_factory=lambda: defaultdict(list))

    def add_people(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._find_shared_logins(entry)
            self._add_names(entry)
            for number in self.numbers(entry):
                self.by_number[number].append(entry)
            self._add_known(entry, entry.first(self.people.login))

    def add_others(self, entries: Iterable[Entry]) -> None:
        """Entries that `people.filter` does not name: nobody's login, address or number may be given away again."""
        for entry in entries:
            self._add_names(entry)
            self.outside_by_number |= dict.fromkeys(self.numbers(entry), entry.dn)
            self._add_known(entry, entry.dn)

    def add_row(self, row: StaffRow, login: str, mail: str) -> None:
        """Somebody whose entry is to be made."""
        self.logins[normalized(login)] = ""
        self.mails.add(normalized(mail))
        numbers = {name: frozenset({number} if number else ()) for name, number in row.numbers.items()}
        names = tuple(name for name in (row.surname, row.birth_name) if name)
        known = KnownPerson(login, names, (row.given_name,), numbers)
        self._by_birth_date[self._birth_date(row)].append(known)

    def namesakes(self, row: StaffRow) -> list[KnownPerson]:
        """Those with the name and the birth date of the row."""
        return [known for known in self._by_birth_date.get(self._birth_date(row), ()) if known.has_name_of(row)]

    def is_somebody_else(self, row: StaffRow, entry: Entry) -> bool:
        """Whether birth date, surname and given name all differ: then the number was mistyped or given twice."""
        people = self.people
        birth_dates, given_names = entry.all(people.birth_date), entry.all(people.given_name)
        names = entry.all(people.surname) + entry.all(people.birth_name)
        return bool(
            birth_dates
            and self._birth_date(row) not in birth_dates
            and not any(same_name(name, names) for name in (row.surname, row.birth_name) if name)
            and not (same_name(row.given_name, given_names) or one_of_several(row.given_name, given_names))
        )

    def numbers(self, entry: Entry) -> set[str]:
        return {number for name in NUMBERS for number in self._numbers_of(entry, name)}

    def _numbers_of(self, entry: Entry, name: str) -> frozenset[str]:
        """A prefix tells kinds of numbers apart that share an attribute."""
        proof = self.people.proofs.get(name)  # type: ignore[call-overload]
        if proof is None:
            return frozenset()
        held = (value for value in entry.all(proof.attribute) if value.startswith(proof.prefix))
        return frozenset(value.removeprefix(proof.prefix).upper() for value in held)

    def _find_shared_logins(self, entry: Entry) -> None:
        for login in set(map(normalized, entry.all(self.people.login))) & self.logins.keys():
            self.shared_logins.setdefault(login, {self.logins[login]}).add(entry.dn)

    def _add_names(self, entry: Entry) -> None:
        self.logins |= dict.fromkeys(map(normalized, entry.all(self.people.login)), entry.dn)
        self.mails.update(map(normalized, entry.all(self.people.mail)))

    def _add_known(self, entry: Entry, label: str) -> None:
        people = self.people
        known = KnownPerson(
            label,
            entry.all(people.surname) + entry.all(people.birth_name),
            entry.all(people.given_name),
            {name: self._numbers_of(entry, name) for name in NUMBERS},
        )
        for birth_date in entry.all(people.birth_date):
            self._by_birth_date[birth_date].append(known)

    def _birth_date(self, row: StaffRow) -> str:
        return row.birth_date.strftime(self.people.birth_date_format)


def normalized(value: str) -> str:
    """A login or an address as the directory compares it (caseIgnoreMatch, RFC 4517, 4.2.11)."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
