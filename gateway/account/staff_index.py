"""Index of existing entries for an import: who has an account, and which logins, addresses and numbers are taken."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

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
    """Index of the entries of the directory and of the people whom the import adds."""

    birth_date_format: str
    """Format in which the directory writes birth dates, as in strftime."""
    people: list[StaffMember] = field(default_factory=list)
    """People whom an import may change."""
    logins: dict[str, str] = field(default_factory=dict)
    """Taken logins, normalised (`normalized`), each with the key of an entry that has it; "" if the entry does not
    exist yet."""
    shared_logins: dict[str, set[str]] = field(default_factory=dict)
    """Logins that several entries of people have, with the keys of these entries; nobody is served under them."""
    mails: set[str] = field(default_factory=set)
    by_number: dict[str, list[StaffMember]] = field(default_factory=lambda: defaultdict(list))
    """People by each of their numbers. More than one per number is an error in the directory."""
    outside_by_number: dict[str, str] = field(default_factory=dict)
    """Number → key of an entry that has it and is not staff."""
    unnumbered: dict[str, StaffMember] = field(default_factory=dict)
    """People without any number by their normalised login. A row finds them by its login."""
    _by_birth_date: dict[str, list[StaffMember]] = field(default_factory=lambda: defaultdict(list))

    def add_people(self, members: Iterable[StaffMember]) -> None:
        """Add people whom the import may change."""
        for member in members:
            self._find_shared_logins(member)
            self._add(member)
            self.people.append(member)
            for number in member.all_numbers:
                self.by_number[number].append(member)
            self.add_unnumbered(member)

    def add_others(self, members: Iterable[StaffMember]) -> None:
        """Add entries that are not staff.

        Their logins, addresses and numbers are then not given to anybody else.
        """
        for member in members:
            self._add(member)
            self.outside_by_number |= dict.fromkeys(member.all_numbers, member.key)

    def add_unnumbered(self, member: StaffMember) -> None:
        """Let rows find the member by login, if the member has no number."""
        if not member.all_numbers:
            self.unnumbered |= dict.fromkeys(map(normalized, member.logins), member)

    def add_row(self, row: StaffRow, login: str, mail: str) -> None:
        """Add a person whose entry the import will make."""
        names = tuple(name for name in (row.surname, row.birth_name) if name)
        numbers = {kind: row.numbers_of(kind) for kind in row.numbers}
        birth_dates = (self.birth_date(row),)
        self._add(StaffMember("", (login,), (mail,), names, (row.given_name,), birth_dates, numbers))

    def namesakes(self, row: StaffRow) -> list[StaffMember]:
        """Return the people with the name and the birth date of the row."""
        return [member for member in self._by_birth_date.get(self.birth_date(row), ()) if member.has_name_of(row)]

    def birth_date(self, row: StaffRow) -> str:
        """Return the row's birth date in the directory's format."""
        return row.birth_date.strftime(self.birth_date_format)

    def holder_of(self, login: str) -> str | None:
        """Return the key of the entry with that login ("" if the import makes it); None if nobody has it."""
        return self.logins.get(normalized(login))

    def without_number(self, login: str) -> StaffMember | None:
        """Return the person with that login who has no number; None for a login of several entries."""
        return None if normalized(login) in self.shared_logins else self.unnumbered.get(normalized(login))

    def _find_shared_logins(self, member: StaffMember) -> None:
        for login in set(map(normalized, member.logins)) & self.logins.keys():
            self.shared_logins.setdefault(login, {self.logins[login]}).add(member.key)

    def _add(self, member: StaffMember) -> None:
        self.logins |= dict.fromkeys(map(normalized, member.logins), member.key)
        self.mails.update(map(normalized, member.mails))
        for birth_date in member.birth_dates:
            self._by_birth_date[birth_date].append(member)


def normalized(value: str) -> str:
    """Return a login or an address in the form that the directory compares (caseIgnoreMatch, RFC 4517, 4.2.11)."""
    compared = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    # Mostly it is the same, and one object for both takes less memory: a million are in it at once.
    return value if compared == value else compared
