"""The workers' numbers in the directory: values `worker;number` in the entry of their account."""

from __future__ import annotations

import re

from ldap3 import MODIFY_ADD, MODIFY_DELETE, Connection
from ldap3.core.results import RESULT_ATTRIBUTE_OR_VALUE_EXISTS, RESULT_NO_SUCH_ATTRIBUTE

from gateway.account.errors import DirectoryMisconfigured
from gateway.directory.pool import ConnectionPool
from gateway.ldap import RETRYABLE_FOR_WRITES, Changes, check_result, find_entry, modify
from gateway.needs.attributes import TOKEN as TOKEN
from gateway.workstation.restored import Numbers

DECIDABLE = f"(|({TOKEN}=*)(!({TOKEN}=*)))"
"""True for an account that may read the attribute; Undefined, so without a match, for others (RFC 4511, 4.5.1.7)."""
VALUE = re.compile(r"([\w.-]{1,100});([0-9]{1,18})", re.ASCII)
RIGHTS = "schema/mamia-worker.ldif, upgrade/70-services.ldif and 30-access.ldif of ldif/"


class LdapWorkerTokens:
    """`workstation.restored.Tokens` on LDAP; `pool` is bound as `dn`, the workers' account."""

    def __init__(self, pool: ConnectionPool, dn: str) -> None:
        self._pool = pool
        self._dn = dn

    def read(self) -> Numbers:
        """Return the numbers of all workers, and the server that has them.

        Raises DirectoryMisconfigured without the right to.
        """
        return self._pool.run_idempotent(self._read)

    def swap(self, worker: str, old: int, new: int) -> bool:
        """Replace the worker's number `old` by `new`; return False if it is not `old` any more.

        It may be sent twice: the second write is refused, and the number is read again.
        """
        gone = [(MODIFY_DELETE, [_value(worker, old)])] if old else []
        changes: Changes = {TOKEN: [*gone, (MODIFY_ADD, [_value(worker, new)])]}

        def write(connection: Connection) -> bool:
            result = modify(connection, self._dn, changes)
            if result["result"] in (RESULT_NO_SUCH_ATTRIBUTE, RESULT_ATTRIBUTE_OR_VALUE_EXISTS):
                return False
            check_result(result, f"writing {TOKEN} of {self._dn}: {RIGHTS}", unfit=RETRYABLE_FOR_WRITES)
            return True

        return self._pool.run_idempotent(write)

    def _read(self, connection: Connection) -> Numbers:
        entry = find_entry(connection, self._dn, DECIDABLE, [TOKEN], unfit=RETRYABLE_FOR_WRITES)
        if entry is None:
            raise DirectoryMisconfigured(f"{self._dn} may not read its own {TOKEN}: {RIGHTS}")
        return Numbers(_numbers(entry.all(TOKEN)), connection.server.name)


def _value(worker: str, number: int) -> bytes:
    return f"{worker};{number}".encode()


def _numbers(values: tuple[str, ...]) -> dict[str, int]:
    """Return the highest number of each worker: a merge of two servers may leave several.

    Other values are ignored.
    """
    numbers: dict[str, int] = {}
    for found in map(VALUE.fullmatch, values):
        if found:
            numbers[found[1]] = max(int(found[2]), numbers.get(found[1], 0))
    return numbers
