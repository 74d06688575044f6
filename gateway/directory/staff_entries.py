"""Reading and writing staff entries for an import, with an account of the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ldap3 import MODIFY_REPLACE, Connection
from ldap3.core.results import (
    RESULT_ENTRY_ALREADY_EXISTS,
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_NO_SUCH_OBJECT,
)

from gateway.account.errors import DirectoryUnavailable, WriteUnconfirmed
from gateway.directory.context_csn import suffixes
from gateway.directory.packed_entries import PackedEntries
from gateway.directory.pool import ConnectionPool
from gateway.directory.retry import Retry
from gateway.directory.staff_mapping import (
    DEPARTMENT,
    FULL_NAMES,
    LEAVER,
    OBJECT_CLASS,
    OUR_CLASS,
    Creation,
    Update,
)
from gateway.ldap import (
    ANYTHING,
    Entry,
    Result,
    add,
    check_result,
    entry_of,
    modify,
    read_entry,
    require_fit,
    search_pages,
    try_search,
)
from gateway.needs.attributes import RECOVERY
from gateway.settings import People

PAGE = 1000
UNREADABLE = ("objectClass", "userPassword")
"""Attributes that are not compared when a new entry is read back: one is hashed, one is completed by the server."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The entries of the directory that matter for an import."""

    people: PackedEntries
    """Entries that `people.filter` matched at the beginning."""
    others: PackedEntries
    """Other entries of the whole directory that have a login, an address or a number."""
    lacking_class: Mapping[str, tuple[str, ...]]
    """DN → object classes, of the entries with a login below people.base that have not our class."""

    @property
    def lacking_people(self) -> int:
        """Return how many people have not our class."""
        return len(self.people.keys() & self.lacking_class.keys())

    def entry(self, dn: str) -> Entry:
        """Return the entry with this DN. Raises KeyError if there was none."""
        return (self.people if dn in self.people else self.others)[dn]


@dataclass(frozen=True, slots=True)
class StaffEntries:
    """Reads and writes over `pool`, and continues after an outage for as long as `retry` allows.

    All methods raise DirectoryUnavailable if the outage lasts longer, and DirectoryMisconfigured if the server
    refuses.
    """

    pool: ConnectionPool
    people: People
    retry: Retry

    def read(self) -> Staff:
        """Return all staff.

        Raises DirectoryUnavailable at once if the directory is not available at the beginning.
        """
        self.pool.run_idempotent(lambda connection: None)
        return self.retry.run(lambda: self.pool.run_idempotent(self._read))

    def write(self, step: Creation | Update) -> None:
        """Write `step` in one operation, so that nothing is half done."""
        if isinstance(step, Creation):
            self._create(step)
        else:
            self._update(step)

    def _read(self, connection: Connection) -> Staff:
        """Search for the DNs of people, then for all entries with their attributes, then for those without our class.

        The DNs come first, so that each entry can be packed as soon as it is read.
        A negated `people.filter` would not do: if it is Undefined, its negation matches no entry either.
        """
        people = self.people
        numbers = dict.fromkeys(proof.attribute for proof in people.proofs.values())
        attributes = [
            people.login, people.surname, people.birth_name, people.given_name, people.mail, people.birth_date,
            DEPARTMENT, LEAVER[0], RECOVERY, *FULL_NAMES, *numbers,
        ]  # fmt: skip
        taken = "".join(f"({name}=*)" for name in (people.login, people.mail, *numbers))
        wanted = f"(|{people.filter}{taken})"
        dns = {one["dn"] for one in search_pages(connection, people.base, people.filter, ["1.1"], PAGE)}
        found, others = PackedEntries(), PackedEntries()
        for top in self._tops(connection):
            for answer in search_pages(connection, top, wanted, attributes, PAGE):
                (found if answer["dn"] in dns else others).add(entry_of(answer))
        return Staff(found, others, self._lacking_class(connection))

    def _lacking_class(self, connection: Connection) -> dict[str, tuple[str, ...]]:
        """Return the classes of entries without ours; a search of its own, since most entries have it."""
        wanted = f"(&({self.people.login}=*)(!(objectClass={OUR_CLASS})))"
        answers = search_pages(connection, self.people.base, wanted, [OBJECT_CLASS], PAGE)
        return {entry.dn: entry.all(OBJECT_CLASS) for entry in map(entry_of, answers)}

    def _tops(self, connection: Connection) -> list[str]:
        """Return the suffix of people.base and those above it.

        A mailing list or a shared mailbox outside people.base has an address too.
        """
        base = _normalized_dn(self.people.base)
        above = [suffix for suffix in suffixes(connection) if base.endswith(_normalized_dn(suffix))]
        nearest, *others = sorted(above, key=len, reverse=True) or [self.people.base]
        if not self._is_visible(connection, nearest):
            nearest = self.people.base
        return [nearest, *(suffix for suffix in others if self._is_visible(connection, suffix))]

    def _is_visible(self, connection: Connection, base: str) -> bool:
        """Return whether the operator's account can search there; it may have no right outside people.base."""
        code = try_search(connection, base, ANYTHING, ["1.1"], size_limit=1).code
        return code not in (RESULT_NO_SUCH_OBJECT, RESULT_INSUFFICIENT_ACCESS_RIGHTS)

    def _update(self, step: Update) -> None:
        """Write an update. It replaces values, so it may be sent twice."""
        changes = {name: [(MODIFY_REPLACE, list(values))] for name, values in step.values.items()}

        def write(connection: Connection) -> None:
            check_result(modify(connection, step.dn, changes))

        self.retry.run(lambda: self.pool.run_idempotent(write))

    def _create(self, step: Creation) -> None:
        values = {name: list(values) for name, values in step.values.items() if values}
        is_unconfirmed = False

        def write() -> None:
            nonlocal is_unconfirmed
            try:
                result = self.pool.run_once(_addition(step.dn, values))
            except WriteUnconfirmed as error:
                is_unconfirmed = True
                raise DirectoryUnavailable(str(error)) from error
            if is_unconfirmed and result["result"] == RESULT_ENTRY_ALREADY_EXISTS and self._is_written(step):
                return
            check_result(result)

        self.retry.run(write)

    def _is_written(self, step: Creation) -> bool:
        """Return whether the existing entry is the one that was sent before, and not another person's."""
        wanted = {name: set(values) for name, values in step.values.items() if name not in UNREADABLE}
        found = self.pool.run_idempotent(lambda connection: read_entry(connection, step.dn, list(wanted)))
        return found is not None and all(values <= set(found.all(name)) for name, values in wanted.items())


def _addition(dn: str, values: Mapping[str, Sequence[str]]) -> Callable[[Connection], Result]:
    def write(connection: Connection) -> Result:
        result = add(connection, dn, values)
        require_fit(result)
        return result

    return write


def _normalized_dn(dn: str) -> str:
    return dn.casefold().replace(" ", "")
