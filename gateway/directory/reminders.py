"""Reading of all accounts for reminders, and the record of each reminder, on LDAP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from ldap3 import MODIFY_ADD, MODIFY_DELETE, Connection
from ldap3.core.results import (
    RESULT_ASSERTION_FAILED,
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
)

from gateway.account.errors import DirectoryMisconfigured
from gateway.account.reminders import Standing, Unserved
from gateway.directory import ppolicy
from gateway.directory.account_lock import is_closed_by_mark
from gateway.directory.assertion import assertion
from gateway.directory.mapping import IDENTITY, PeopleMapping
from gateway.directory.policies import Policies
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.ldap import (
    RETRYABLE_FOR_WRITES,
    Changes,
    Entry,
    check_result,
    entry_of,
    find_entry,
    modify,
    search_pages,
)
from gateway.needs.attributes import CLASS, RECOVERABLE, REMINDED
from gateway.needs.people import reminder_attributes
from gateway.needs.server import PAGE_ENTRIES
from gateway.settings import People

T = TypeVar("T")

DECIDABLE = f"(|({REMINDED}=*)(!({REMINDED}=*)))"
"""True for an account that may read the attribute; Undefined, so without a match, for others (RFC 4511, 4.5.1.7)."""
RIGHTS = "schema/mamia-recovery.ldif and 49-reminders.ldif of ldif/"
LOST = (
    RESULT_ASSERTION_FAILED,
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
)
"""Results of a record that came too late: another run was first, or the entry is gone."""


class LdapReminders:
    """`services.reminders.Records` on LDAP, over connections bound as the reminders' account `dn`.

    `policies` have connections of their own, since they are read while a page of people is.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        people: People,
        mapping: PeopleMapping,
        policies: Policies,
        protected: ProtectedPeople,
        dn: str,
    ) -> None:
        self._pool = pool
        self._people = people
        self._mapping = mapping
        self._policies = policies
        self._protected = protected
        self._dn = dn

    def verify(self) -> None:
        """Raise DirectoryMisconfigured unless records can be read, and protected people be told from others.

        Without the right to read records, everybody would look as if nobody had ever been reminded.
        """
        self._pool.run_idempotent(self._require_records)
        self._protected.verify()

    def scan(self, now: datetime, look: Callable[[Standing], T | None]) -> list[T]:
        """Return what `look` returns for each person, without None. The people are read page by page.

        Raises DirectoryUnavailable, DirectoryMisconfigured.
        """

        def read(connection: Connection) -> list[T]:
            found = (look(self._standing(entry, now)) for entry in self._entries(connection))
            return [one for one in found if one is not None]

        return self._pool.run_idempotent(read)

    def record(self, standing: Standing, record: str) -> bool:
        """Replace the records of `standing` by `record`; return False if another run was first.

        It is sent once: DirectoryUnavailable means that nothing was written, WriteUnconfirmed that it is not known.
        """
        return self._record(standing.dn, standing.records, record, adds_class=not standing.has_class)

    def is_protected(self, standing: Standing) -> bool:
        """Return whether the pages do not serve the person, as of now. Raises as `scan`."""
        return self._protected.includes(standing.dn, standing.person.logins)

    def own_records(self) -> tuple[str, ...]:
        """Return what is recorded of former digests, in the account's own entry."""
        entry = self._pool.run_idempotent(self._require_records)
        return entry.all(REMINDED)

    def record_own(self, former: tuple[str, ...], record: str) -> bool:
        """Replace the records of the account's own entry as `record` does."""
        return self._record(self._dn, former, record, adds_class=False)

    def _record(self, dn: str, former: tuple[str, ...], record: str, *, adds_class: bool) -> bool:
        """Write `record` on condition that the entry still has the records `former`.

        slapd refuses the whole write if one of them is gone; without any, the assertion says that none has come.
        """
        gone = [(MODIFY_DELETE, [value.encode() for value in former])] if former else []
        changes: Changes = {REMINDED: [*gone, (MODIFY_ADD, [record.encode()])]}
        if adds_class:
            changes[CLASS] = [(MODIFY_ADD, [RECOVERABLE.encode()])]
        unchanged = [] if former else [assertion(f"(!({REMINDED}=*))")]

        def write(connection: Connection) -> bool:
            result = modify(connection, dn, changes, unchanged)
            if result["result"] in LOST:
                return False
            check_result(result, f"writing {REMINDED} of {dn}: {RIGHTS}", unfit=RETRYABLE_FOR_WRITES)
            return True

        return self._pool.run_once(write)

    def _require_records(self, connection: Connection) -> Entry:
        entry = find_entry(connection, self._dn, DECIDABLE, [REMINDED], unfit=RETRYABLE_FOR_WRITES)
        if entry is None:
            raise DirectoryMisconfigured(f"{self._dn} may not read {REMINDED}: {RIGHTS}")
        return entry

    def _entries(self, connection: Connection) -> Iterator[Entry]:
        # Undefined for an account without the right to read records, so that it finds nobody.
        filter_ = f"(&{self._people.filter}{DECIDABLE})"
        attributes = [*self._mapping.person_attributes, *reminder_attributes()]
        pages = search_pages(connection, self._mapping.base, filter_, attributes, PAGE_ENTRIES)
        return (entry_of(answer) for answer in pages)

    def _standing(self, entry: Entry, now: datetime) -> Standing:
        changed_at = ppolicy.read_change_time(entry.first(ppolicy.CHANGED_AT))
        policy = self._policies.of(entry)
        return Standing(
            dn=entry.dn,
            uuid=entry.first(IDENTITY),
            person=self._mapping.person(entry),
            changed_at=changed_at,
            expires_at=changed_at + policy.max_age if changed_at and policy.max_age else None,
            records=entry.all(REMINDED),
            has_class=RECOVERABLE.lower() in (value.lower() for value in entry.all(CLASS)),
            unserved=self._unserved(entry, now, allows_change=policy.allows_user_change),
        )

    def _unserved(self, entry: Entry, now: datetime, *, allows_change: bool) -> Unserved | None:
        if is_closed_by_mark(entry, now):
            return Unserved.CLOSED
        return None if allows_change else Unserved.NOT_CHANGEABLE
