"""The sealed recovery methods of all people, as an operator's account reads and writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ldap3 import MODIFY_ADD, MODIFY_DELETE, Connection
from ldap3.core.results import (
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
)

from gateway.account.errors import DirectoryMisconfigured
from gateway.account.recovery import SealedMethod
from gateway.directory.mapping import IDENTITY
from gateway.directory.pool import ConnectionPool
from gateway.ldap import (
    RETRYABLE_FOR_WRITES,
    Changes,
    check_result,
    entry_of,
    modify,
    raw_values,
    search_pages,
    try_search,
)
from gateway.needs.attributes import RECOVERY
from gateway.needs.server import PAGE_ENTRIES
from gateway.settings import People

DECIDABLE = f"(|({RECOVERY}=*)(!({RECOVERY}=*)))"
"""True for an account that may read methods; Undefined, so without a match, for others (RFC 4511, 4.5.1.7)."""
GONE = (RESULT_NO_SUCH_ATTRIBUTE, RESULT_ATTRIBUTE_OR_VALUE_EXISTS, RESULT_NO_SUCH_OBJECT)
"""Results of a write for a method that was changed or removed since it was read."""


@dataclass(frozen=True, slots=True)
class SealedMethods:
    """`services.resealing.SealedMethods` on LDAP. All raise DirectoryUnavailable; `replace` also WriteUnconfirmed."""

    pool: ConnectionPool
    people: People

    def __iter__(self) -> Iterator[SealedMethod]:
        """Iterate over the methods of all people, protected ones too: they may have had some before."""
        return iter(self.pool.run_idempotent(self._read))

    def replace(self, sealed: SealedMethod, new: bytes) -> bool:
        """Write `new` in the place of a method; return False if that was changed since it was read."""
        changes: Changes = {RECOVERY: [(MODIFY_DELETE, [sealed.value]), (MODIFY_ADD, [new])]}

        def write(connection: Connection) -> bool:
            result = modify(connection, sealed.dn, changes)
            if result["result"] in GONE:
                return False
            check_result(result, f"{RECOVERY} of {sealed.dn}", unfit=RETRYABLE_FOR_WRITES)
            return True

        return self.pool.run_once(write)

    def _read(self, connection: Connection) -> list[SealedMethod]:
        """Read before anything is written, because a page of results ends with its connection.

        Raises DirectoryMisconfigured for an account that may not read the methods, to which nobody seems to have any.
        """
        if self._finds(connection, "") and not self._finds(connection, DECIDABLE):
            raise DirectoryMisconfigured(f"{connection.user} may not read {RECOVERY} of people")
        filter_ = f"(&{self.people.filter}({RECOVERY}=*))"
        answers = search_pages(connection, self.people.base, filter_, [IDENTITY, RECOVERY], PAGE_ENTRIES)
        return [
            SealedMethod(answer["dn"], entry_of(answer).first(IDENTITY), value)
            for answer in answers
            for value in raw_values(answer, RECOVERY)
        ]

    def _finds(self, connection: Connection, condition: str) -> bool:
        filter_ = f"(&{self.people.filter}{condition})"
        return bool(try_search(connection, self.people.base, filter_, ["1.1"], size_limit=1).answers)
