"""From a row of the staff office's export to what must be written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ldap3.utils.dn import escape_rdn, parse_dn

from gateway.account.naming import login_stem, mail_stem, numbered, renamed
from gateway.account.staff_file import StaffRow
from gateway.directory import ppolicy
from gateway.directory.staff_index import KnownPerson, StaffIndex, normalized
from gateway.ldap import Entry
from gateway.settings import People

CLASSES = ("inetOrgPerson", "mamiaPerson")
FULL_NAMES = ("cn", "displayName")
"""Attributes with given name and surname in one text."""
LEAVER = ("employeeType", "leaver")
"""How somebody who has left is marked; the account is closed besides."""

Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Creation:
    dn: str
    login: str
    values: Values


@dataclass(frozen=True, slots=True)
class Update:
    dn: str
    logins: tuple[str, ...]
    values: Values
    """Only those that differ."""
    old: Values

    @property
    def login(self) -> str:
        return next(iter(self.logins), self.dn)


@dataclass(frozen=True, slots=True)
class Doubt:
    """It can't be told whether the row is about somebody who has an entry. Nothing is written for it."""

    reason: str


@dataclass(slots=True)
class StaffPlanner:
    """Plans row by row, and remembers which logins and addresses the planned people take."""

    index: StaffIndex
    mail_domain: str
    numbers_in_file: Collection[str]
    """Of all rows, so that somebody who is in the file too is not taken for an older entry of somebody else."""
    creates_namesakes: bool = False
    """Whether a person with the name and the birth date of another one is created, and not a doubt."""
    _seen: set[str] = field(default_factory=set)

    def plan(self, row: StaffRow) -> Creation | Update | Doubt | None:
        """None where nothing differs. Raises ValueError for a person who stands in the file twice."""
        numbers = [number for number in row.numbers.values() if number]
        if not self._seen.isdisjoint(numbers):
            raise ValueError("this number stands in the file twice")
        self._seen.update(numbers)
        found = {entry.dn: entry for number in numbers for entry in self.index.by_number.get(number, ())}
        if len(found) > 1:
            return Doubt(f"its numbers are those of several entries: {', '.join(found)}")
        for entry in found.values():
            if self.index.is_somebody_else(row, entry):
                login = entry.first(self.index.people.login)
                return Doubt(f"its number is that of {login}, who has another name and birth date")
            return self._update(row, entry)
        return self._doubt(row, numbers) or self._creation(row)

    def leavers(self, present: Iterable[Entry]) -> list[Update]:
        """People of the directory whose numbers were in no row, and who are not marked yet."""
        attribute, mark = LEAVER
        gone = [
            entry
            for entry in present
            if (numbers := self.index.numbers(entry))
            and not numbers & self._seen
            and mark not in entry.all(attribute)
        ]
        return [self._leaver(entry) for entry in gone]

    def _leaver(self, entry: Entry) -> Update:
        attribute, mark = LEAVER
        held = entry.without_options(attribute)
        close = {attribute: (*held, mark), ppolicy.LOCKED_AT: (ppolicy.LOCKED_FOR_GOOD,)}
        return Update(entry.dn, entry.all(self.index.people.login), close, {attribute: held})

    def _doubt(self, row: StaffRow, numbers: Sequence[str]) -> Doubt | None:
        outside = self.index.outside_by_number
        if holders := [outside[number] for number in numbers if number in outside]:
            return Doubt(f"its number is that of {holders[0]}, an entry that people.filter does not name")
        if self.creates_namesakes:
            return None
        namesakes = [known for known in self.index.namesakes(row) if not self._are_two_people(row, known)]
        if namesakes:
            return Doubt(f"{namesakes[0].label} has the same name and birth date, but not this number")
        return None

    def _are_two_people(self, row: StaffRow, known: KnownPerson) -> bool:
        """Whether the file lists both with numbers of one kind. Of two kinds, one may have followed the other."""
        return any(
            number and any(other in self.numbers_in_file for other in known.numbers[name])
            for name, number in row.numbers.items()
        )

    def _creation(self, row: StaffRow) -> Creation:
        people = self.index.people
        login = numbered(login_stem(row.given_name, row.surname), self.index.logins)
        taken = _Locals(self.index.mails, self.mail_domain)
        mail = f"{numbered(mail_stem(row.given_name, row.surname), taken)}@{self.mail_domain}"
        self.index.add_row(row, login, mail)
        values = {
            "objectClass": CLASSES,
            people.login: (login,),
            "cn": (f"{row.given_name} {row.surname}",),
            people.mail: (mail,),
            "userPassword": (row.initial_password,),
            ppolicy.MUST_CHANGE: ("TRUE",),
            **_names(people, row),
            **_facts(people, row),
            **_numbers(people, row, {}),
        }
        return Creation(f"{people.login}={escape_rdn(login)},{people.base}", login, values)

    def _update(self, row: StaffRow, known: Entry) -> Update | None:
        people = self.index.people
        held = {proof.attribute: known.without_options(proof.attribute) for proof in people.proofs.values()}
        # A further name was added by hand, so that its bearer is found by it: it stays while the file's is there too.
        wanted = {
            name: values
            for name, values in _names(people, row).items()
            if not values or not set(values) <= set(known.without_options(name))
        }
        wanted |= {**_facts(people, row), **_numbers(people, row, held)}
        wanted |= _full_names(people, row, known)
        new = {name: _beside_rdn(known, name, values) for name, values in wanted.items()}
        attribute, mark = LEAVER
        if mark in known.without_options(attribute):
            # Somebody who comes back.
            new[attribute] = tuple(value for value in known.without_options(attribute) if value != mark)
        # Values of an attribute are in no order (RFC 4512, 2.2).
        new = {name: values for name, values in new.items() if set(values) != set(known.without_options(name))}
        old = {name: known.without_options(name) for name in new}
        if attribute in new:
            new[ppolicy.LOCKED_AT], old[ppolicy.LOCKED_AT] = (), (ppolicy.LOCKED_FOR_GOOD,)
        return Update(known.dn, known.all(people.login), new, old) if new else None


def _names(people: People, row: StaffRow) -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {people.surname: (row.surname,), people.given_name: (row.given_name,)}
    return names if row.birth_name is None else {**names, people.birth_name: _one(row.birth_name)}


def _facts(people: People, row: StaffRow) -> dict[str, tuple[str, ...]]:
    facts: dict[str, tuple[str, ...]] = {people.birth_date: (row.birth_date.strftime(people.birth_date_format),)}
    return {**facts, "departmentNumber": (row.department,)} if row.department else facts


def _numbers(people: People, row: StaffRow, held: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Attribute → the row's numbers, and those of its `held` values that are no number: prefixes tell them apart."""
    wanted: dict[str, tuple[str, ...]] = {}
    prefixes = tuple(proof.prefix for proof in people.proofs.values())
    for name, proof in people.proofs.items():
        others = tuple(value for value in held.get(proof.attribute, ()) if not value.startswith(prefixes))
        number = row.numbers[name]
        wanted.setdefault(proof.attribute, others)
        wanted[proof.attribute] += _one(proof.prefix + number if number else "")
    return wanted


def _full_names(people: People, row: StaffRow, known: Entry) -> dict[str, tuple[str, ...]]:
    """cn and displayName with the row's names in place of those of the entry."""
    replacements = [(people.surname, row.surname), (people.given_name, row.given_name)]
    full_names: dict[str, tuple[str, ...]] = {}
    for attribute in FULL_NAMES:
        values = known.without_options(attribute)
        for name, new in replacements:
            held = known.without_options(name)
            if new not in held:
                values = tuple(_renamed(value, held, new) for value in values)
        if values:
            full_names[attribute] = tuple(dict.fromkeys(values))
    return full_names


def _renamed(full_name: str, held: Sequence[str], new: str) -> str:
    return next((text for old in held if (text := renamed(full_name, old, new)) != full_name), full_name)


def _beside_rdn(known: Entry, attribute: str, values: Sequence[str]) -> tuple[str, ...]:
    """`values`, and those held where the entry is named by this attribute: its name stays (RFC 4511, 4.6)."""
    named_by = {name.lower() for name, _, _ in _first_rdn(known.dn)}
    kept = known.without_options(attribute) if attribute.lower() in named_by else ()
    return tuple(dict.fromkeys((*values, *kept)))


def _first_rdn(dn: str) -> list[tuple[str, str, str]]:
    parts = parse_dn(dn)
    end = next(place for place, (_, _, separator) in enumerate(parts) if separator != "+")
    return list(parts[: end + 1])


class _Locals:
    """Whether an address with this name is taken."""

    def __init__(self, mails: Collection[str], domain: str) -> None:
        self._mails, self._domain = mails, domain

    def __contains__(self, name: object) -> bool:
        return normalized(f"{name}@{self._domain}") in self._mails


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()
