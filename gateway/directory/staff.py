"""Entries of staff as an import reads and writes them, by an account of the operator's that may."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ldap3 import MODIFY_REPLACE, SUBTREE, Connection
from ldap3.core.results import (
    RESULT_ENTRY_ALREADY_EXISTS,
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_NO_SUCH_OBJECT,
    RESULT_SUCCESS,
)

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.directory.changes import suffixes
from gateway.directory.entry import Entry, entry_of, read_entry
from gateway.directory.people import UNFIT
from gateway.directory.pool import ConnectionPool, ServerUnfit
from gateway.directory.retry import Retry
from gateway.directory.staff_plan import FULL_NAMES, LEAVER, Creation, Update
from gateway.settings import People

PAGE = 1000
PAGED_RESULTS = "1.2.840.113556.1.4.319"
UNREADABLE = ("objectClass", "userPassword")
"""Not compared when a new entry is read back: hashed, and completed by the server."""


@dataclass(frozen=True, slots=True)
class Staff:
    people: list[Entry]
    """Entries that `people.filter` names."""
    others: list[Entry]
    """Other entries of the whole directory that hold a login, an address or a number."""


@dataclass(frozen=True, slots=True)
class StaffEntries:
    """Reads and writes over `pool`, and goes on after an outage as long as `retry` allows.

    All raise DirectoryUnavailable where the outage lasts longer, and DirectoryMisconfigured where the server refuses.
    """

    pool: ConnectionPool
    people: People
    retry: Retry

    def read(self) -> Staff:
        """Raises DirectoryUnavailable at once where the directory is away from the beginning."""
        self.pool.ask(lambda connection: None)
        return self.retry.run(lambda: self.pool.ask(self._read))

    def write(self, step: Creation | Update) -> None:
        """One operation, so that nothing is half done."""
        if isinstance(step, Creation):
            self._create(step)
        else:
            self._update(step)

    def _read(self, connection: Connection) -> Staff:
        """Once with all attributes; the DNs alone then tell who is one of the people.

        A negated `people.filter` would not do: where it is Undefined, its negation matches no entry either.
        """
        people = self.people
        numbers = dict.fromkeys(proof.attribute for proof in people.proofs.values())
        attributes = [
            people.login, people.surname, people.birth_name, people.given_name, people.mail, people.birth_date,
            "departmentNumber", LEAVER[0], *FULL_NAMES, *numbers,
        ]  # fmt: skip
        taken = "".join(f"({name}=*)" for name in (people.login, people.mail, *numbers))
        wanted = f"(|{people.filter}{taken})"
        tops = self._tops(connection)
        found = {entry.dn: entry for top in tops for entry in self._pages(connection, top, wanted, attributes)}
        dns = {entry.dn for entry in self._pages(connection, people.base, people.filter, ["1.1"])}
        return Staff(
            [entry for dn, entry in found.items() if dn in dns],
            [entry for dn, entry in found.items() if dn not in dns],
        )

    def _tops(self, connection: Connection) -> list[str]:
        """The database of the people's base and those above: a list or a shared mailbox has an address too."""
        base = _normalized_dn(self.people.base)
        above = [suffix for suffix in suffixes(connection) if base.endswith(_normalized_dn(suffix))]
        nearest, *others = sorted(above, key=len, reverse=True) or [self.people.base]
        if not self._is_visible(connection, nearest):
            nearest = self.people.base
        return [nearest, *(suffix for suffix in others if self._is_visible(connection, suffix))]

    def _is_visible(self, connection: Connection, base: str) -> bool:
        """An account of the operator's may have no right outside the people's base."""
        code = connection.search(base, "(objectClass=*)", SUBTREE, attributes=["1.1"], size_limit=1)[1]["result"]
        return code not in (RESULT_NO_SUCH_OBJECT, RESULT_INSUFFICIENT_ACCESS_RIGHTS)

    def _pages(self, connection: Connection, base: str, filter_: str, attributes: list[str]) -> Iterator[Entry]:
        cookie: bytes | None = None
        while cookie != b"":
            _, result, answers, _ = connection.search(
                base, filter_, SUBTREE, attributes=attributes, paged_size=PAGE, paged_cookie=cookie
            )
            _check(result, f"search below {base}: ")
            yield from (entry_of(answer) for answer in answers if answer["type"] == "searchResEntry")
            cookie = result["controls"][PAGED_RESULTS]["value"]["cookie"]

    def _update(self, step: Update) -> None:
        """A replacement may be sent twice."""
        changes = {name: [(MODIFY_REPLACE, list(values))] for name, values in step.values.items()}

        def modify(connection: Connection) -> None:
            _check(connection.modify(step.dn, changes)[1])

        self.retry.run(lambda: self.pool.ask(modify))

    def _create(self, step: Creation) -> None:
        values = {name: list(values) for name, values in step.values.items() if values}
        is_unconfirmed = False

        def add() -> None:
            nonlocal is_unconfirmed
            try:
                result = self.pool.tell(_addition(step.dn, values))
            except WriteUnconfirmed as error:
                is_unconfirmed = True
                raise DirectoryUnavailable(str(error)) from error
            if is_unconfirmed and result["result"] == RESULT_ENTRY_ALREADY_EXISTS and self._is_written(step):
                return
            _check(result)

        self.retry.run(add)

    def _is_written(self, step: Creation) -> bool:
        """Whether the entry is the one that was sent before, and not somebody else's."""
        wanted = {name: set(values) for name, values in step.values.items() if name not in UNREADABLE}
        found = self.pool.ask(lambda connection: read_entry(connection, step.dn, list(wanted)))
        return found is not None and all(values <= set(found.all(name)) for name, values in wanted.items())


def _addition(dn: str, values: Mapping[str, Sequence[str]]) -> Callable[[Connection], Mapping[str, Any]]:
    def add(connection: Connection) -> Mapping[str, Any]:
        result: Mapping[str, Any] = connection.add(dn, attributes=values)[1]
        if result["result"] in UNFIT:
            raise ServerUnfit(result["description"])
        return result

    return add


def _check(result: Mapping[str, Any], what: str = "") -> None:
    """Raises ServerUnfit, DirectoryMisconfigured."""
    if result["result"] in UNFIT:
        raise ServerUnfit(result["description"])
    if result["result"] != RESULT_SUCCESS:
        raise DirectoryMisconfigured(f"{what}{result['description']} {result['message']}".strip())


def _normalized_dn(dn: str) -> str:
    return dn.casefold().replace(" ", "")
