"""The helpdesk's codes as they are given: requested and approved where two agents are needed, written, and closed.

The helpdesk's account writes; it cannot read what it wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ldap3 import BASE, MODIFY_ADD, MODIFY_REPLACE, Connection
from ldap3.core.results import RESULT_ASSERTION_FAILED, RESULT_COMPARE_TRUE, RESULT_SUCCESS

from gateway.account.errors import DirectoryMisconfigured
from gateway.account.model import Secret
from gateway.account.reset_code import CodeHashes
from gateway.directory.assertion import assertion
from gateway.directory.open_codes import REMOVED, holds_code, is_valid
from gateway.directory.pool import ConnectionPool
from gateway.ldap import (
    ANYTHING,
    DECIDED,
    RETRYABLE_FOR_WRITES,
    Changes,
    Entry,
    check_result,
    compare,
    find_entry,
    modify,
    require_fit,
    result_text,
    try_search,
)
from gateway.needs.attributes import CLASS, RECOVERABLE, RESET_CODE, RESET_CODE_UNTIL

RIGHTS = (
    "mamia setup adds the schema and the rights; by hand: schema/mamia-recovery.ldif and 44-helpdesk.ldif of ldif/"
)


@dataclass(frozen=True, slots=True)
class LdapResetCodes:
    """Writes codes. `service` is bound as the gateway's account, `helpdesk` as the helpdesk's.

    All methods raise DirectoryUnavailable and DirectoryMisconfigured; those that write also raise WriteUnconfirmed.
    """

    service: ConnectionPool
    helpdesk: ConnectionPool
    hashes: CodeHashes
    four_eyes_filter: str

    def needs_second_agent(self, dn: str) -> bool:
        """Return whether a second agent must approve a code for the entry.

        True also if the filter cannot be decided: its negation then matches no entry either.
        """
        if not self.four_eyes_filter:
            return False
        negated = f"(!{self.four_eyes_filter})"

        def is_for_nobody_else(connection: Connection) -> bool:
            found = try_search(connection, dn, negated, ["1.1"], BASE)
            require_fit(found.result)
            return found.code == RESULT_SUCCESS and bool(found.answers)

        return not self.service.run_idempotent(is_for_nobody_else)

    def request(self, dn: str, uuid: str, agent: str, until: datetime) -> None:
        """Record that `agent` asks for a code. It closes an open code."""
        self._write(dn, self.hashes.of_request(uuid, agent)[0], until)

    def approve(self, dn: str, uuid: str, agent: str, until: datetime) -> bool:
        """Approve the request of `agent`; return False if there is none that is valid."""
        requested = self._held(dn, self.hashes.of_request(uuid, agent))
        return bool(requested) and self._write(dn, self.hashes.of_approval(uuid, agent)[0], until, requested)

    def give(self, dn: str, uuid: str, code: Secret, until: datetime) -> None:
        """Write a code, which replaces an earlier one."""
        self._write(dn, self.hashes.of_code(uuid, code.reveal())[0], until)

    def give_approved(self, dn: str, uuid: str, code: Secret, until: datetime, agent: str) -> bool:
        """Write a code in the place of the approval of `agent`; return False if there is none that is valid."""
        approved = self._held(dn, self.hashes.of_approval(uuid, agent))
        return bool(approved) and self._write(dn, self.hashes.of_code(uuid, code.reveal())[0], until, approved)

    def close(self, dn: str) -> bool:
        """Remove a code, a request or an approval; return False if there is none."""
        entry = self._read(dn)
        if not entry.first(RESET_CODE_UNTIL):
            return False
        return self._modify(dn, REMOVED)

    def _write(self, dn: str, hashed: str, until: datetime, instead_of: str = "") -> bool:
        """Write the hash, on condition that `instead_of` is still there; return False if it is not."""
        changes: Changes = {
            RESET_CODE: [(MODIFY_REPLACE, [hashed.encode()])],
            RESET_CODE_UNTIL: [(MODIFY_REPLACE, [f"{until.astimezone(UTC):%Y%m%d%H%M%SZ}".encode()])],
        }
        classes = {name.lower() for name in self._read(dn).all(CLASS)}
        if RECOVERABLE.lower() not in classes:
            changes[CLASS] = [(MODIFY_ADD, [RECOVERABLE.encode()])]
        return self._modify(dn, changes, instead_of)

    def _modify(self, dn: str, changes: Changes, instead_of: str = "") -> bool:
        controls = [assertion(holds_code(instead_of))] if instead_of else []

        def write(connection: Connection) -> int:
            result = modify(connection, dn, changes, controls)
            accepted = (RESULT_SUCCESS, RESULT_ASSERTION_FAILED)
            check_result(result, f"{RESET_CODE} of {dn} ({RIGHTS})", accepted=accepted, unfit=RETRYABLE_FOR_WRITES)
            return int(result["result"])

        return self.helpdesk.run_once(write) == RESULT_SUCCESS

    def _held(self, dn: str, hashes: Sequence[str]) -> str:
        """Return the one of `hashes` that the entry has, if it has not expired; else ""."""
        if not is_valid(self._read(dn), datetime.now(UTC)):
            return ""
        return next((one for one in hashes if self._holds(dn, one)), "")

    def _holds(self, dn: str, hashed: str) -> bool:
        def ask(connection: Connection) -> bool:
            result = compare(connection, dn, RESET_CODE, hashed)
            require_fit(result)
            if result["result"] not in DECIDED:
                raise DirectoryMisconfigured(f"{RESET_CODE} can't be compared: {result_text(result)}; {RIGHTS}")
            return bool(result["result"] == RESULT_COMPARE_TRUE)

        return self.helpdesk.run_idempotent(ask)

    def _read(self, dn: str) -> Entry:
        """Return the classes of an entry, and the end of its code."""
        entry = self.helpdesk.run_idempotent(
            lambda connection: find_entry(connection, dn, ANYTHING, [CLASS, RESET_CODE_UNTIL])
        )
        if entry is None:
            raise DirectoryMisconfigured(f"the helpdesk's account does not see {dn}; {RIGHTS}")
        return entry
