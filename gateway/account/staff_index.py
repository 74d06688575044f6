"""Index of existing entries for an import: who has an account, and which logins, addresses and numbers are taken."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

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
    held: HeldFacts = HeldFacts()
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


@dataclass(slots=True)
class StaffIndex:
    """Index of the entries of the directory and of the people whom the import adds.

    It reads all entries once, and keeps their keys only: they may be made anew each time that somebody asks for one.
    """

    birth_date_format: str
    """Format in which the directory writes birth dates, as in strftime."""
    people: Mapping[str, StaffMember]
    """People whom an import may change, by key."""
    others: Mapping[str, StaffMember]
    """Entries that are not staff, by key. Their logins, addresses and numbers are not given to anybody else."""
    logins: dict[str, str] = field(default_factory=dict)
    """Taken logins, normalised (`normalized`), each with the key of an entry that has it; "" if the entry does not
    exist yet."""
    shared_logins: dict[str, set[str]] = field(default_factory=dict)
    """Logins that several entries of people have, with the keys of these entries; nobody is served under them."""
    mails: set[str] = field(default_factory=set)
    _by_number: dict[str, str] = field(default_factory=dict)
    """Number → key of the first person who has it."""
    _further_by_number: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Number → keys of further people who have it, which is an error in the directory."""
    _outside_by_number: dict[str, str] = field(default_factory=dict)
    """Number → key of an entry that is not staff."""
    _unnumbered: dict[str, str] = field(default_factory=dict)
    """Normalised login → key of somebody without any number. A row finds them by its login."""
    _by_birth_date: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Birth date as the directory writes it → keys."""
    _rows_by_birth_date: dict[str, list[StaffMember]] = field(default_factory=lambda: defaultdict(list))
    """The same for people whose entries the import will make."""
    _born_on: Callable[[str], list[StaffMember]] = field(init=False)

    def __post_init__(self) -> None:
        # Many rows may have one birth date, as where it is unknown: everybody with it would be made for each of them.
        self._born_on = lru_cache(maxsize=64)(self._read_born_on)
        for key, member in self.people.items():
            for login in set(map(normalized, member.logins)) & self.logins.keys():
                self.shared_logins.setdefault(login, {self.logins[login]}).add(key)
            self._add(key, member)
            for number in member.all_numbers:
                if self._by_number.setdefault(number, key) != key:
                    self._further_by_number[number].append(key)
        for key, member in self.others.items():
            self._add(key, member)
            self._outside_by_number |= dict.fromkeys(member.all_numbers, key)

    def add_row(self, row: StaffRow, login: str, mail: str) -> None:
        """Add a person whose entry the import will make."""
        names = tuple(name for name in (row.surname, row.birth_name) if name)
        numbers = {kind: row.numbers_of(kind) for kind in row.numbers}
        birth_date = self.birth_date(row)
        member = StaffMember("", (login,), (mail,), names, (row.given_name,), (birth_date,), numbers)
        self._take(member)
        self._rows_by_birth_date[birth_date].append(member)

    def with_number(self, number: str) -> list[StaffMember]:
        """Return the people with that number."""
        if number not in self._by_number:
            return []
        keys = (self._by_number[number], *self._further_by_number.get(number, ()))
        return [self.people[key] for key in keys]

    def outside_with_number(self, number: str) -> str | None:
        """Return the key of an entry with that number that is not staff; None if there is none."""
        return self._outside_by_number.get(number)

    def namesakes(self, row: StaffRow) -> list[StaffMember]:
        """Return the people with the name and the birth date of the row."""
        birth_date = self.birth_date(row)
        born_then = (*self._born_on(birth_date), *self._rows_by_birth_date.get(birth_date, ()))
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
        key = None if name in self.shared_logins else self._unnumbered.get(name)
        return None if key is None else self._member(key)

    def _member(self, key: str) -> StaffMember:
        return (self.people if key in self.people else self.others)[key]

    def _read_born_on(self, birth_date: str) -> list[StaffMember]:
        return [self._member(key) for key in self._by_birth_date.get(birth_date, ())]

    def _add(self, key: str, member: StaffMember) -> None:
        self._take(member, key)
        for birth_date in member.birth_dates:
            self._by_birth_date[birth_date].append(key)
        if member.may_be_written and not member.all_numbers:
            self._unnumbered |= dict.fromkeys(map(normalized, member.logins), key)

    def _take(self, member: StaffMember, key: str = "") -> None:
        """Note that the logins and addresses are taken."""
        self.logins |= dict.fromkeys(map(normalized, member.logins), key)
        self.mails.update(map(normalized, member.mails))


def normalized(value: str) -> str:
    """Return a login or an address in the form that the directory compares (caseIgnoreMatch, RFC 4517, 4.2.11)."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
