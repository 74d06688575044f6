"""Who has an account already, as an import looks them up, and which logins and addresses are taken."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.account.name_matching import names_match, partial_match
from gateway.account.staff_file import StaffRow


@dataclass(frozen=True, slots=True)
class HeldFacts:
    """The values that a write about a person would replace, as the directory holds them."""

    surnames: tuple[str, ...] = ()
    given_names: tuple[str, ...] = ()
    birth_names: tuple[str, ...] = ()
    birth_dates: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    numbers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of each kind that the directory has, without prefix."""


NOTHING_HELD = HeldFacts()


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody who has an entry, or gets one from an earlier row of the file."""

    key: str
    """By which the directory finds the entry again; empty where it is still to be made."""
    logins: tuple[str, ...]
    mails: tuple[str, ...]
    names: tuple[str, ...]
    """Surnames and birth names."""
    given_names: tuple[str, ...]
    birth_dates: tuple[str, ...]
    """As the directory writes them."""
    numbers: Mapping[str, frozenset[str]]
    """Of each kind that the directory has, in capitals and without prefix."""
    held: HeldFacts = NOTHING_HELD
    is_leaver: bool = False
    is_staff: bool = True
    """False for an entry that is none of the people, and holds a login, an address or a number all the same."""

    @property
    def label(self) -> str:
        return next(iter(self.logins), "") if self.is_staff else self.key

    @property
    def all_numbers(self) -> set[str]:
        return {number for numbers in self.numbers.values() for number in numbers}

    def has_name_of(self, row: StaffRow) -> bool:
        return self._has_surname_of(row) and self._has_given_name_of(row)

    def has_nothing_of(self, row: StaffRow, birth_date: str) -> bool:
        """Whether birth date, surname and given name all differ: then the number was mistyped or given twice."""
        return bool(
            self.birth_dates
            and birth_date not in self.birth_dates
            and not self._has_surname_of(row)
            and not self._has_given_name_of(row)
        )

    def _has_surname_of(self, row: StaffRow) -> bool:
        return any(names_match(name, self.names) for name in (row.surname, row.birth_name) if name)

    def _has_given_name_of(self, row: StaffRow) -> bool:
        return names_match(row.given_name, self.given_names) or partial_match(row.given_name, self.given_names)


@dataclass(slots=True)
class StaffIndex:
    birth_date_format: str
    """`strftime`'s, in which the directory writes birth dates."""
    people: list[StaffMember] = field(default_factory=list)
    """Those whom an import may change."""
    logins: dict[str, str] = field(default_factory=dict)
    """All that are taken, normalised (`normalized`), each with the key of an entry that holds it, or of none yet."""
    shared_logins: dict[str, set[str]] = field(default_factory=dict)
    """Those that several entries of people hold, with their keys: nobody is served under them."""
    mails: set[str] = field(default_factory=set)
    by_number: dict[str, list[StaffMember]] = field(default_factory=lambda: defaultdict(list))
    """People by each of their numbers; more than one is a fault of the directory."""
    outside_by_number: dict[str, str] = field(default_factory=dict)
    """The key of every other entry that holds a number."""
    _by_birth_date: dict[str, list[StaffMember]] = field(default_factory=lambda: defaultdict(list))

    def add_people(self, members: Iterable[StaffMember]) -> None:
        for member in members:
            self._find_shared_logins(member)
            self._add(member)
            self.people.append(member)
            for number in member.all_numbers:
                self.by_number[number].append(member)

    def add_others(self, members: Iterable[StaffMember]) -> None:
        """Entries that are none of the people: nobody's login, address or number may be given away again."""
        for member in members:
            self._add(member)
            self.outside_by_number |= dict.fromkeys(member.all_numbers, member.key)

    def add_row(self, row: StaffRow, login: str, mail: str) -> None:
        """Somebody whose entry is to be made."""
        names = tuple(name for name in (row.surname, row.birth_name) if name)
        numbers = {kind: row.numbers_of(kind) for kind in row.numbers}
        birth_dates = (self.birth_date(row),)
        self._add(StaffMember("", (login,), (mail,), names, (row.given_name,), birth_dates, numbers))

    def namesakes(self, row: StaffRow) -> list[StaffMember]:
        """Those with the name and the birth date of the row."""
        return [member for member in self._by_birth_date.get(self.birth_date(row), ()) if member.has_name_of(row)]

    def birth_date(self, row: StaffRow) -> str:
        """As the directory writes it."""
        return row.birth_date.strftime(self.birth_date_format)

    def _find_shared_logins(self, member: StaffMember) -> None:
        for login in set(map(normalized, member.logins)) & self.logins.keys():
            self.shared_logins.setdefault(login, {self.logins[login]}).add(member.key)

    def _add(self, member: StaffMember) -> None:
        self.logins |= dict.fromkeys(map(normalized, member.logins), member.key)
        self.mails.update(map(normalized, member.mails))
        for birth_date in member.birth_dates:
            self._by_birth_date[birth_date].append(member)


def normalized(value: str) -> str:
    """A login or an address as the directory compares it (caseIgnoreMatch, RFC 4517, 4.2.11)."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
