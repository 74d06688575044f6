"""Index of existing entries for an import: who has an account, and which logins, addresses and numbers are taken."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.account.name_matching import names_match, partial_match
from gateway.account.staff_file import StaffRow


@dataclass(frozen=True, slots=True)
class HeldFacts:
    """The values that a write about a person would replace, as the directory has them."""

    surnames: tuple[str, ...] = ()
    given_names: tuple[str, ...] = ()
    birth_names: tuple[str, ...] = ()
    birth_dates: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    numbers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Numbers by kind, for each kind that the directory has, without prefix."""


NOTHING_HELD = HeldFacts()


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A person who has an entry, or gets one from an earlier row of the file."""

    key: str
    """Identifies the entry for the directory; "" if the entry does not exist yet."""
    logins: tuple[str, ...]
    mails: tuple[str, ...]
    names: tuple[str, ...]
    """Surnames and birth names."""
    given_names: tuple[str, ...]
    birth_dates: tuple[str, ...]
    """Birth dates in the directory's format."""
    numbers: Mapping[str, frozenset[str]]
    """Numbers by kind, for each kind that the directory has, in capitals and without prefix."""
    held: HeldFacts = NOTHING_HELD
    is_leaver: bool = False
    lacks_class: bool = False
    """Whether the entry has not the object class that our attributes need."""
    is_staff: bool = True
    """False for an entry that is not in people.filter but has a login, an address or a number."""
    may_be_written: bool = False
    """Whether it has an entry that is staff, or that becomes staff with the object class of our attributes."""

    @property
    def label(self) -> str:
        """Return the login, or the key of an entry that is not staff, for messages."""
        return next(iter(self.logins), "") if self.is_staff else self.key

    @property
    def all_numbers(self) -> set[str]:
        """Return the numbers of all kinds."""
        return {number for numbers in self.numbers.values() for number in numbers}

    def has_name_of(self, row: StaffRow) -> bool:
        """Return whether surname (or birth name) and given name match those of the row."""
        return self._has_surname_of(row) and self._has_given_name_of(row)

    def has_nothing_of(self, row: StaffRow, birth_date: str) -> bool:
        """Return whether birth date, surname and given name all differ.

        The number was then mistyped, or given to two people.
        """
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


class Members(Protocol):
    """People of the directory by their place in it. Each is made when it is asked for: a million are too many."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __iter__(self) -> Iterator[StaffMember]:
        """Return all of them."""

    def __getitem__(self, place: int, /) -> StaffMember:
        """Return the one at this place, from 0 on."""


@dataclass(slots=True)
class StaffIndex:
    """Index of the entries of the directory and of the people whom the import adds.

    It holds the places of people: those of `people`, then those of `others`, then those of added rows.
    """

    birth_date_format: str
    """Format in which the directory writes birth dates, as in strftime."""
    people: Members
    """People whom an import may change."""
    others: Members
    """Entries that are not staff. Their logins, addresses and numbers are not given to anybody else."""
    logins: dict[str, int] = field(default_factory=dict)
    """Taken logins, normalised (`normalized`), each with the place of somebody who has it."""
    shared_logins: dict[str, set[str]] = field(default_factory=dict)
    """Logins that several entries of people have, with the keys of these entries; nobody is served under them."""
    mails: set[str] = field(default_factory=set)
    _rows: list[StaffMember] = field(default_factory=list)
    _by_number: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Places of people by each of their numbers. More than one per number is an error in the directory."""
    _outside_by_number: dict[str, int] = field(default_factory=dict)
    _unnumbered: dict[str, int] = field(default_factory=dict)
    """Places of people without any number by their normalised login. A row finds them by its login."""
    _by_birth_date: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for place, member in enumerate(self.people):
            self._find_shared_logins(member)
            self._add(place, member)
            for number in member.all_numbers:
                self._by_number[number] = (*self._by_number.get(number, ()), place)
        for place, member in enumerate(self.others, len(self.people)):
            self._add(place, member)
            self._outside_by_number |= dict.fromkeys(member.all_numbers, place)

    def add_row(self, row: StaffRow, login: str, mail: str) -> None:
        """Add a person whose entry the import will make."""
        names = tuple(name for name in (row.surname, row.birth_name) if name)
        numbers = {kind: row.numbers_of(kind) for kind in row.numbers}
        birth_dates = (self.birth_date(row),)
        member = StaffMember("", (login,), (mail,), names, (row.given_name,), birth_dates, numbers)
        self._add(len(self.people) + len(self.others) + len(self._rows), member)
        self._rows.append(member)

    def with_number(self, number: str) -> list[StaffMember]:
        """Return the people with that number."""
        return [self.people[place] for place in self._by_number.get(number, ())]

    def outside_with_number(self, number: str) -> StaffMember | None:
        """Return an entry with that number that is not staff."""
        place = self._outside_by_number.get(number)
        return None if place is None else self._at(place)

    def namesakes(self, row: StaffRow) -> list[StaffMember]:
        """Return the people with the name and the birth date of the row."""
        born_then = map(self._at, self._by_birth_date.get(self.birth_date(row), ()))
        return [member for member in born_then if member.has_name_of(row)]

    def birth_date(self, row: StaffRow) -> str:
        """Return the row's birth date in the directory's format."""
        return row.birth_date.strftime(self.birth_date_format)

    def has_login(self, login: str) -> bool:
        """Return whether somebody has that login."""
        return normalized(login) in self.logins

    def without_number(self, login: str) -> StaffMember | None:
        """Return the person with that login who has no number; None for a login of several entries."""
        name = normalized(login)
        place = None if name in self.shared_logins else self._unnumbered.get(name)
        return None if place is None else self._at(place)

    def _at(self, place: int) -> StaffMember:
        for members in (self.people, self.others, self._rows):
            if place < len(members):
                return members[place]
            place -= len(members)
        raise IndexError(place)

    def _find_shared_logins(self, member: StaffMember) -> None:
        for login in set(map(normalized, member.logins)) & self.logins.keys():
            first = self._at(self.logins[login])
            self.shared_logins.setdefault(login, {first.key}).add(member.key)

    def _add(self, place: int, member: StaffMember) -> None:
        logins = dict.fromkeys(map(normalized, member.logins), place)
        self.logins |= logins
        self.mails.update(map(normalized, member.mails))
        for birth_date in member.birth_dates:
            self._by_birth_date[birth_date].append(place)
        if member.may_be_written and not member.all_numbers:
            self._unnumbered |= logins


def normalized(value: str) -> str:
    """Return a login or an address in the form that the directory compares (caseIgnoreMatch, RFC 4517, 4.2.11)."""
    compared = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    # Mostly it is the same, and one object for both takes less memory: a million are in it at once.
    return value if compared == value else compared
