"""Mapping between staff entries and an import's plan: entries become people, differences become attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ldap3.utils.dn import escape_rdn, parse_dn

from gateway.account.login_generation import renamed
from gateway.account.staff_file import StaffRow
from gateway.account.staff_index import HeldFacts, StaffMember
from gateway.account.staff_plan import Changed, Difference, Fact, Gone, New
from gateway.directory import ppolicy
from gateway.ldap import Entry
from gateway.needs.attributes import RECOVERY
from gateway.settings import People

OUR_CLASS = "mamiaPerson"
CLASSES = ("inetOrgPerson", OUR_CLASS)
OBJECT_CLASS = "objectClass"
OUR_CLASS_FILTER = "(objectclass=mamiaperson)"
OF_OUR_CLASS = frozenset(
    ("birthdate", "patronymicname", "numen", "temporaryagentnumber", "privatemail", "mamiapasswordstamp")
)
"""Attributes in lower case that an entry can have only with our class (ldif/schema/mamia.ldif)."""
FULL_NAMES = ("cn", "displayName")
"""Attributes that contain given name and surname in one text."""
DEPARTMENT = "departmentNumber"
LEAVER = ("employeeType", "leaver")
"""Attribute and value that mark a person who has left; the account is closed in addition."""

Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Creation:
    """A new entry."""

    dn: str
    login: str
    values: Values


@dataclass(frozen=True, slots=True)
class Update:
    """New values for attributes of an existing entry."""

    dn: str
    logins: tuple[str, ...]
    values: Values
    """Only the attributes that differ; an empty list deletes the attribute."""
    old: Values

    @property
    def needs_class(self) -> bool:
        """Return whether it writes attributes that only our class allows."""
        return any(values and name.lower() in OF_OUR_CLASS for name, values in self.values.items())

    @property
    def login(self) -> str:
        """Return the first login, or the DN of an entry without one, for messages."""
        return next(iter(self.logins), self.dn)


@dataclass(frozen=True, slots=True)
class StaffMapping:
    """Applies the settings' `[people]` to an import."""

    people: People
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """DN → object classes, of the entries below people.base that have not our class."""

    def may_become_staff(self, entry: Entry) -> bool:
        """Return whether our class is what an entry lacks for `people.filter`."""
        return entry.dn in self.lacking and OUR_CLASS_FILTER in self.people.filter.lower()

    def member(self, entry: Entry, *, is_staff: bool = True) -> StaffMember:
        """Convert an entry to a person, with the DN as key. `is_staff`: whether `people.filter` matches it."""
        people, attribute = self.people, LEAVER[0]
        written = self._numbers(entry.without_options)
        numbers = self._numbers(entry.all) if entry.has_options else written
        return StaffMember(
            key=entry.dn,
            logins=entry.all(people.login),
            mails=entry.all(people.mail),
            names=entry.all(people.surname) + entry.all(people.birth_name),
            given_names=entry.all(people.given_name),
            birth_dates=entry.all(people.birth_date),
            numbers={kind: frozenset(map(str.upper, held)) if held else held for kind, held in numbers.items()},
            held=self._held(entry, written),
            is_leaver=LEAVER[1] in entry.all(attribute),
            lacks_class=entry.dn in self.lacking,
            is_staff=is_staff,
            may_be_written=is_staff or self.may_become_staff(entry),
        )

    def write(self, difference: Difference, entry_of: Callable[[str], Entry]) -> Creation | Update | None:
        """Return what writes the difference.

        Returns None if the entry has it already in another spelling. `entry_of` returns the entry with a DN.
        """
        if isinstance(difference, New):
            return self._creation(difference)
        entry = entry_of(difference.member.key)
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
        """Return the numbers of each kind that this directory has.

        Prefixes distinguish kinds that share an attribute.
        """
        return {
            kind: _without_prefix(held(proof.attribute), proof.prefix) for kind, proof in self.people.proofs.items()
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
        close: dict[str, tuple[str, ...]] = {
            attribute: (*held, mark), ppolicy.LOCKED_AT: (ppolicy.LOCKED_FOR_GOOD,)
        }  # fmt: skip
        old = {attribute: held}
        if methods := entry.all(RECOVERY):
            # Nobody needs the private addresses of people who are gone.
            close[RECOVERY], old[RECOVERY] = (), (f"{len(methods)} recovery methods",)
        return Update(entry.dn, entry.all(self.people.login), close, old)

    def _update(self, changed: Changed, entry: Entry) -> Update | None:
        attribute, mark = LEAVER
        wanted = self._wanted(changed, entry)
        new = {name: _beside_rdn(entry, name, values) for name, values in wanted.items()}
        if Fact.IS_BACK in changed.facts:
            new[attribute] = tuple(value for value in entry.without_options(attribute) if value != mark)
        # Values of an attribute have no order (RFC 4512, 2.2).
        new = {name: values for name, values in new.items() if set(values) != set(entry.without_options(name))}
        old = {name: entry.without_options(name) for name in new}
        if Fact.CLASS in changed.facts:
            old[OBJECT_CLASS] = self.lacking[entry.dn]
            new[OBJECT_CLASS] = (*old[OBJECT_CLASS], OUR_CLASS)
        if attribute in new:
            new[ppolicy.LOCKED_AT], old[ppolicy.LOCKED_AT] = (), (ppolicy.LOCKED_FOR_GOOD,)
        return Update(entry.dn, entry.all(self.people.login), new, old) if new else None

    def _wanted(self, changed: Changed, entry: Entry) -> dict[str, tuple[str, ...]]:
        """Return the wanted values of each attribute that the facts concern."""
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


def _without_prefix(values: Sequence[str], prefix: str) -> frozenset[str]:
    """Return the values that begin with `prefix`, without it."""
    return frozenset([value.removeprefix(prefix) for value in values if value.startswith(prefix)])


def _numbers(people: People, row: StaffRow, held: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return attribute → the row's numbers, and those of the `held` values that begin with no known prefix."""
    wanted: dict[str, tuple[str, ...]] = {}
    prefixes = tuple(proof.prefix for proof in people.proofs.values())
    for name, proof in people.proofs.items():
        others = tuple(value for value in held.get(proof.attribute, ()) if not value.startswith(prefixes))
        number = row.numbers[name]
        wanted.setdefault(proof.attribute, others)
        wanted[proof.attribute] += _one(proof.prefix + number if number else "")
    return wanted


def _full_names(people: People, changed: Changed, known: Entry) -> dict[str, tuple[str, ...]]:
    """Return cn and displayName with the row's names instead of those of the entry."""
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
    """Return `values`, and the held ones if the entry's RDN uses this attribute.

    Values of the RDN must stay (RFC 4511, 4.6).
    """
    named_by = {name.lower() for name, _, _ in _first_rdn(known.dn)}
    kept = known.without_options(attribute) if attribute.lower() in named_by else ()
    return tuple(dict.fromkeys((*values, *kept)))


def _first_rdn(dn: str) -> list[tuple[str, str, str]]:
    parts = parse_dn(dn)
    end = next(place for place, (_, _, separator) in enumerate(parts) if separator != "+")
    return list(parts[: end + 1])


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()
