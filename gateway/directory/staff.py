"""Entries of staff as an import reads and writes them, by an account of the operator's that may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ldap3 import MODIFY_REPLACE, SUBTREE, Connection
from ldap3.core.results import RESULT_SUCCESS
from ldap3.utils.dn import escape_rdn

from gateway.account.errors import DirectoryMisconfigured
from gateway.account.naming import login_stem, mail_stem, numbered
from gateway.account.staff_file import StaffRow
from gateway.directory import ppolicy
from gateway.directory.entry import Entry, entry_of
from gateway.settings import People

PAGE = 1000
CLASSES = ("inetOrgPerson", "mamiaPerson")
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
    login: str
    values: Values
    """Only those that differ."""
    old: Values


class StaffPlanner:
    """From a row of the export to what must be written; remembers the names that are taken."""

    def __init__(self, people: People, mail_domain: str, present: Sequence[Entry]) -> None:
        self._people = people
        self._domain = mail_domain
        self._by_number = {number: entry for entry in present for number in self._numbers(entry)}
        self._logins = {entry.first(people.login).casefold() for entry in present}
        self._mails = {entry.first(people.mail).casefold() for entry in present}
        self._seen: set[str] = set()
        self._present = present

    def plan(self, row: StaffRow) -> Creation | Update | None:
        """None where nothing differs. Raises ValueError for a person who stands in the file twice."""
        if row.number in self._seen:
            raise ValueError("this number stands in the file twice")
        self._seen |= {number for number in (row.numen, row.temporary_agent_number) if number}
        known = self._by_number.get(row.numen) or self._by_number.get(row.temporary_agent_number)
        return self._update(row, known) if known else self._creation(row)

    def leavers(self) -> list[Update]:
        """People of the directory whose numbers were in no row, and who are not marked yet."""
        attribute, mark = LEAVER
        gone = [
            entry
            for entry in self._present
            if (numbers := self._numbers(entry)) and not numbers & self._seen and mark not in entry.all(attribute)
        ]
        close = {attribute: (mark,), ppolicy.LOCKED_AT: (ppolicy.LOCKED_FOR_GOOD,)}
        return [
            Update(entry.dn, entry.first(self._people.login), close, {attribute: entry.all(attribute)})
            for entry in gone
        ]

    def _numbers(self, entry: Entry) -> set[str]:
        held = ((proof, value) for proof in self._people.proofs.values() for value in entry.all(proof.attribute))
        return {value.removeprefix(proof.prefix).upper() for proof, value in held}

    def _creation(self, row: StaffRow) -> Creation:
        people = self._people
        login = numbered(login_stem(row.given_name, row.surname), self._logins)
        mail_name = numbered(mail_stem(row.given_name, row.surname), _Locals(self._mails, self._domain))
        mail = f"{mail_name}@{self._domain}"
        self._logins.add(login)
        self._mails.add(mail.casefold())
        values = {
            "objectClass": CLASSES,
            people.login: (login,),
            "cn": (f"{row.given_name} {row.surname}",),
            people.mail: (mail,),
            "userPassword": (row.number,),
            ppolicy.MUST_CHANGE: ("TRUE",),
            **self._values(row),
        }
        return Creation(f"{people.login}={escape_rdn(login)},{people.base}", login, values)

    def _update(self, row: StaffRow, known: Entry) -> Update | None:
        old, new = {}, {}
        for attribute, values in self._values(row).items():
            if tuple(known.all(attribute)) != tuple(values):
                old[attribute], new[attribute] = known.all(attribute), values
        attribute, mark = LEAVER
        if mark in known.all(attribute):
            # Somebody who comes back.
            old |= {attribute: known.all(attribute), ppolicy.LOCKED_AT: (ppolicy.LOCKED_FOR_GOOD,)}
            new |= {attribute: (), ppolicy.LOCKED_AT: ()}
        return Update(known.dn, known.first(self._people.login), new, old) if new else None

    def _values(self, row: StaffRow) -> dict[str, Sequence[str]]:
        people = self._people
        values: dict[str, Sequence[str]] = {
            people.surname: (row.surname,),
            people.birth_name: _one(row.birth_name),
            people.given_name: (row.given_name,),
            people.birth_date: (row.birth_date.strftime(people.birth_date_format),),
        }
        if row.department:
            values["departmentNumber"] = (row.department,)
        for name, number in (("numen", row.numen), ("temporary_agent_number", row.temporary_agent_number)):
            if proof := people.proofs.get(name):  # type: ignore[call-overload]
                values[proof.attribute] = _one(proof.prefix + number if number else "")
        return values


class _Locals:
    """Whether an address with this name is taken."""

    def __init__(self, mails: set[str], domain: str) -> None:
        self._mails, self._domain = mails, domain.casefold()

    def __contains__(self, name: object) -> bool:
        return f"{name}@{self._domain}" in self._mails


def everybody(connection: Connection, people: People) -> Iterator[Entry]:
    """All entries that an import compares with. Raises DirectoryMisconfigured."""
    attributes = [
        people.login, people.surname, people.birth_name, people.given_name, people.mail, people.birth_date,
        "departmentNumber", LEAVER[0], *(proof.attribute for proof in people.proofs.values()),
    ]  # fmt: skip
    cookie: bytes | None = None
    while cookie != b"":
        _, result, answers, _ = connection.search(
            people.base, people.filter, SUBTREE, attributes=attributes, paged_size=PAGE, paged_cookie=cookie
        )
        if result["result"] != RESULT_SUCCESS:
            raise DirectoryMisconfigured(f"search below {people.base}: {result['description']}")
        yield from (entry_of(answer) for answer in answers if answer["type"] == "searchResEntry")
        cookie = result["controls"]["1.2.840.113556.1.4.319"]["value"]["cookie"]


def write(connection: Connection, step: Creation | Update) -> None:
    """One operation, so that nothing is half done. Raises DirectoryMisconfigured, LDAPException, OSError."""
    if isinstance(step, Creation):
        held = {name: list(values) for name, values in step.values.items() if values}
        result = connection.add(step.dn, attributes=held)[1]
    else:
        changes = {name: [(MODIFY_REPLACE, list(values))] for name, values in step.values.items()}
        result = connection.modify(step.dn, changes)[1]
    if result["result"] != RESULT_SUCCESS:
        raise DirectoryMisconfigured(f"{result['description']} {result['message']}".strip())


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()
