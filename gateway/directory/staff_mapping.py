"""Between entries of staff and what an import plans: entries read as people, differences written as attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ldap3.utils.dn import escape_rdn, parse_dn

from gateway.account.login_generation import renamed
from gateway.account.staff_file import StaffRow
from gateway.account.staff_index import NOTHING_HELD, HeldFacts, StaffMember
from gateway.account.staff_plan import Changed, Difference, Fact, Gone, New
from gateway.directory import ppolicy
from gateway.ldap import Entry
from gateway.settings import People

CLASSES = ("inetOrgPerson", "mamiaPerson")
FULL_NAMES = ("cn", "displayName")
"""Attributes with given name and surname in one text."""
DEPARTMENT = "departmentNumber"
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
class StaffMapping:
    """The settings' `[people]` put to use for an import."""

    people: People

    def member(self, entry: Entry, *, is_staff: bool = True) -> StaffMember:
        """The person of an entry; its DN is the key. `is_staff`: whether `people.filter` names it."""
        people, attribute = self.people, LEAVER[0]
        written = self._numbers(entry.without_options)
        capitals = {kind: frozenset(map(str.upper, numbers)) for kind, numbers in self._numbers(entry.all).items()}
        return StaffMember(
            key=entry.dn,
            logins=entry.all(people.login),
            mails=entry.all(people.mail),
            names=entry.all(people.surname) + entry.all(people.birth_name),
            given_names=entry.all(people.given_name),
            birth_dates=entry.all(people.birth_date),
            # One object for both where they are alike, as mostly: a million people are held at once.
            numbers=written if written == capitals else capitals,
            held=self._held(entry, written) if is_staff else NOTHING_HELD,
            is_leaver=LEAVER[1] in entry.all(attribute),
            is_staff=is_staff,
        )

    def write(self, difference: Difference, entries: Mapping[str, Entry]) -> Creation | Update | None:
        """What writes it; None where the entry holds it already in other words. `entries`: people's by their DN."""
        if isinstance(difference, New):
            return self._creation(difference)
        entry = entries[difference.member.key]
        return self._leaving(entry) if isinstance(difference, Gone) else self._update(difference, entry)

    def _held(self, entry: Entry, numbers: Mapping[str, frozenset[str]]) -> HeldFacts:
        people, held = self.people, entry.without_options
        return HeldFacts(
            surnames=held(people.surname),
            given_names=held(people.given_name),
            birth_names=held(people.birth_name),
            birth_dates=held(people.birth_date),
            departments=held(DEPARTMENT),
            numbers=numbers,
        )

    def _numbers(self, held: Callable[[str], tuple[str, ...]]) -> Mapping[str, frozenset[str]]:
        """Of each kind that this directory has. A prefix tells kinds apart that share an attribute."""
        return {
            kind: frozenset(
                value.removeprefix(proof.prefix) for value in held(proof.attribute) if value.startswith(proof.prefix)
            )
            for kind, proof in self.people.proofs.items()
        }

    def _creation(self, new: New) -> Creation:
        people, row = self.people, new.row
        values: dict[str, tuple[str, ...]] = {
            "objectClass": CLASSES,
            people.login: (new.login,),
            "cn": (f"{row.given_name} {row.surname}",),
            people.mail: (new.mail,),
            "userPassword": (row.initial_password,),
            ppolicy.MUST_CHANGE: ("TRUE",),
            people.surname: (row.surname,),
            people.given_name: (row.given_name,),
            **({} if row.birth_name is None else {people.birth_name: _one(row.birth_name)}),
            people.birth_date: (self._birth_date(row),),
            **({DEPARTMENT: (row.department,)} if row.department else {}),
            **_numbers(people, row, {}),
        }
        dn = f"{people.login}={escape_rdn(new.login)},{people.base}"
        return Creation(dn, new.login, values)

    def _leaving(self, entry: Entry) -> Update:
        attribute, mark = LEAVER
        held = entry.without_options(attribute)
        close = {attribute: (*held, mark), ppolicy.LOCKED_AT: (ppolicy.LOCKED_FOR_GOOD,)}
        return Update(entry.dn, entry.all(self.people.login), close, {attribute: held})

    def _update(self, changed: Changed, entry: Entry) -> Update | None:
        attribute, mark = LEAVER
        wanted = self._wanted(changed, entry)
        new = {name: _beside_rdn(entry, name, values) for name, values in wanted.items()}
        if Fact.IS_BACK in changed.facts:
            new[attribute] = tuple(value for value in entry.without_options(attribute) if value != mark)
        # Values of an attribute are in no order (RFC 4512, 2.2).
        new = {name: values for name, values in new.items() if set(values) != set(entry.without_options(name))}
        old = {name: entry.without_options(name) for name in new}
        if attribute in new:
            new[ppolicy.LOCKED_AT], old[ppolicy.LOCKED_AT] = (), (ppolicy.LOCKED_FOR_GOOD,)
        return Update(entry.dn, entry.all(self.people.login), new, old) if new else None

    def _wanted(self, changed: Changed, entry: Entry) -> dict[str, tuple[str, ...]]:
        """The values of each attribute that the facts are in."""
        people, row, facts = self.people, changed.row, changed.facts
        held = {proof.attribute: entry.without_options(proof.attribute) for proof in people.proofs.values()}
        of_fact: dict[Fact, dict[str, tuple[str, ...]]] = {
            Fact.SURNAME: {people.surname: (row.surname,)},
            Fact.GIVEN_NAME: {people.given_name: (row.given_name,)},
            Fact.BIRTH_NAME: {people.birth_name: _one(row.birth_name or "")},
            Fact.BIRTH_DATE: {people.birth_date: (self._birth_date(row),)},
            Fact.DEPARTMENT: {DEPARTMENT: (row.department,)},
            Fact.NUMBERS: _numbers(people, row, held),
        }
        wanted = {name: values for fact in of_fact if fact in facts for name, values in of_fact[fact].items()}
        return {**wanted, **_full_names(people, changed, entry)}

    def _birth_date(self, row: StaffRow) -> str:
        return row.birth_date.strftime(self.people.birth_date_format)


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


def _full_names(people: People, changed: Changed, known: Entry) -> dict[str, tuple[str, ...]]:
    """cn and displayName with the row's names in place of those of the entry."""
    row = changed.row
    names = {Fact.SURNAME: (people.surname, row.surname), Fact.GIVEN_NAME: (people.given_name, row.given_name)}
    replacements = [names[fact] for fact in names if fact in changed.facts]
    full_names: dict[str, tuple[str, ...]] = {}
    for attribute in FULL_NAMES:
        values = known.without_options(attribute)
        for name, new in replacements:
            held = known.without_options(name)
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


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()
