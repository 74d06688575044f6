"""Planning of an import: which rows of the export are new, changed or doubtful, and who is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.account.login_generation import login_stem, mail_stem, numbered
from gateway.account.staff_file import StaffRow
from gateway.account.staff_index import HeldFacts, StaffIndex, StaffMember, normalized


class Fact(StrEnum):
    """A fact about a person in which a row and an entry can differ."""

    SURNAME = "surname"
    GIVEN_NAME = "given_name"
    BIRTH_NAME = "birth_name"
    BIRTH_DATE = "birth_date"
    DEPARTMENT = "department"
    NUMBERS = "numbers"
    IS_BACK = "is_back"
    """The person was marked as a leaver and is in the file again."""
    CLASS = "class"
    """The entry gets the object class that our attributes need."""


@dataclass(frozen=True, slots=True)
class New:
    """Nobody in the directory is the person of this row."""

    row: StaffRow
    login: str
    mail: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The person has an entry, in which these facts differ from the row."""

    row: StaffRow
    member: StaffMember
    facts: frozenset[Fact]


@dataclass(frozen=True, slots=True)
class Gone:
    """The person's numbers are in no row."""

    member: StaffMember


@dataclass(frozen=True, slots=True)
class Doubtful:
    """It is not clear whether the row is about somebody who has an entry. Nothing is written for it."""

    reason: str


Difference = New | Changed | Gone


@dataclass(slots=True)
class StaffPlanner:
    """Plans row by row, and remembers which logins and addresses the planned people take."""

    index: StaffIndex
    mail_domain: str
    numbers_in_file: Collection[str]
    """Numbers of all rows, so that a person who is in the file too is not taken for an older entry of somebody
    else."""
    creates_namesakes: bool = False
    """Whether a person with another person's name and birth date is new instead of doubtful."""
    adds_class: bool = False
    """Whether entries without the object class of our attributes get it."""
    _seen: set[str] = field(default_factory=set)
    _found_by_login: set[str] = field(default_factory=set)

    def plan(self, row: StaffRow) -> New | Changed | Doubtful | None:
        """Return what to do for `row`.

        Returns None if nothing differs. Raises ValueError for a person who is in the file twice.
        """
        numbers = [number for number in row.numbers.values() if number]
        if not self._seen.isdisjoint(numbers):
            raise ValueError("this number is in the file twice")
        self._seen.update(numbers)
        found = {member.key: member for number in numbers for member in self.index.with_number(number)}
        if len(found) > 1:
            return Doubtful(f"its numbers are those of several entries: {', '.join(found)}")
        for member in found.values():
            if member.has_nothing_of(row, self.index.birth_date(row)):
                return Doubtful(f"its number is that of {member.label}, who has another name and birth date")
            if any(number in self.numbers_in_file for number in member.all_numbers.difference(numbers)):
                what = f"{member.label} has another number too, which another row has"
                return Doubtful(f"{what}: give one row both numbers, or correct the entry")
            facts = self._differing(row, member)
            return Changed(row, member, facts) if facts else None
        if row.login and self.index.has_login(row.login):
            return self._of_login(row)
        return self._doubt(row, numbers) or self._new(row)

    def _of_login(self, row: StaffRow) -> Changed | Doubtful | None:
        """Return what to do for a row whose number nobody has, and whose login somebody has. Raises ValueError."""
        member = self.index.without_number(row.login)
        if member is None:
            return Doubtful(f"the login {row.login} is that of an entry with another number, or of several entries")
        if not member.has_name_of(row) or (
            member.birth_dates and self.index.birth_date(row) not in member.birth_dates
        ):
            return Doubtful(f"the login {row.login} is that of a person with another name or birth date")
        if not member.is_staff and not self.adds_class:
            return Doubtful(f"{member.key} has not the class mamiaPerson: --add-class gives it")
        if member.key in self._found_by_login:
            raise ValueError("this login is in the file twice")
        self._found_by_login.add(member.key)
        facts = self._differing(row, member)
        return Changed(row, member, facts) if facts else None

    def leavers(self) -> list[Gone]:
        """Return the people whose numbers were in no planned row and who are not marked as leavers yet."""
        return [
            Gone(member)
            for member in self.index.people.values()
            if (numbers := member.all_numbers) and not numbers & self._seen and not member.is_leaver
        ]

    def _differing(self, row: StaffRow, member: StaffMember) -> frozenset[Fact]:
        """Return the facts that differ. A further name in the entry, which somebody added there, is no difference."""
        held = member.held
        differs = {
            Fact.SURNAME: row.surname not in held.surnames,
            Fact.GIVEN_NAME: row.given_name not in held.given_names,
            Fact.BIRTH_NAME: _has_other_birth_name(row, held),
            Fact.BIRTH_DATE: {self.index.birth_date(row)} != set(held.birth_dates),
            Fact.DEPARTMENT: bool(row.department) and {row.department} != set(held.departments),
            Fact.NUMBERS: any(row.numbers_of(kind) != numbers for kind, numbers in held.numbers.items()),
            Fact.IS_BACK: member.is_leaver,
            Fact.CLASS: member.lacks_class and self.adds_class,
        }
        return frozenset(fact for fact, is_so in differs.items() if is_so)

    def _doubt(self, row: StaffRow, numbers: Sequence[str]) -> Doubtful | None:
        if keys := [key for key in map(self.index.outside_with_number, numbers) if key]:
            return Doubtful(f"its number is that of {keys[0]}, an entry that people.filter does not name")
        if self.creates_namesakes:
            return None
        namesakes = [member for member in self.index.namesakes(row) if not self._are_two_people(row, member)]
        if namesakes:
            return Doubtful(f"{namesakes[0].label} has the same name and birth date, but not this number")
        return None

    def _are_two_people(self, row: StaffRow, member: StaffMember) -> bool:
        """Return whether the file lists both with numbers of one kind.

        Of two kinds, one may have replaced the other.
        """
        return any(
            number and any(other in self.numbers_in_file for other in member.numbers.get(kind, ()))
            for kind, number in row.numbers.items()
        )

    def _new(self, row: StaffRow) -> New:
        login = row.login or numbered(login_stem(row.given_name, row.surname), self.index.logins)
        taken = _Locals(self.index.mails, self.mail_domain)
        mail = f"{numbered(mail_stem(row.given_name, row.surname), taken)}@{self.mail_domain}"
        self.index.add_row(row, login, mail)
        return New(row, login, mail)


class _Locals:
    """The mail names that are taken in one domain."""

    def __init__(self, mails: Collection[str], domain: str) -> None:
        self._mails, self._domain = mails, domain

    def __contains__(self, name: object) -> bool:
        return normalized(f"{name}@{self._domain}") in self._mails


def _has_other_birth_name(row: StaffRow, held: HeldFacts) -> bool:
    if row.birth_name is None:
        return False
    return row.birth_name not in held.birth_names if row.birth_name else bool(held.birth_names)
