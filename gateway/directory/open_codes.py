"""The helpdesk's codes as a reset uses them: found by Compare, and removed in the Modify that sets the password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ldap3 import MODIFY_REPLACE
from ldap3.utils.conv import escape_filter_chars

from gateway.account.proofs import RESET_CODE as TYPED_CODE
from gateway.account.proofs import Candidate
from gateway.account.reset_code import CodeHashes
from gateway.directory import ppolicy
from gateway.directory.credentials import Credentials
from gateway.ldap import Changes, Entry
from gateway.needs.attributes import IDENTITY, RESET_CODE, RESET_CODE_UNTIL

REMOVED: Changes = {RESET_CODE: [(MODIFY_REPLACE, [])], RESET_CODE_UNTIL: [(MODIFY_REPLACE, [])]}
"""The changes that close a code. The gateway's account may remove a code and write none."""
NOBODY = "nobody"
"""What is hashed in the place of a UUID for an unknown login."""


@dataclass(frozen=True, slots=True)
class OpenCodes:
    """Compares typed codes with those of entries."""

    hashes: CodeHashes

    def held_by(self, entry: Entry | None, credentials: Credentials, candidates: Sequence[Candidate]) -> str:
        """Return the hash of the code that was typed, if the entry has it and it is valid; else "".

        The cost is the same for all entries and for None. Raises DirectoryUnavailable, DirectoryMisconfigured.
        """
        uuid = entry.first(IDENTITY) if entry else NOBODY
        found = [
            hashed
            for candidate in candidates
            if candidate.proof == TYPED_CODE
            for hashed in self.hashes.of_code(uuid, candidate.value.reveal())
            if credentials.holds(entry, RESET_CODE, hashed)
        ]
        return found[0] if found and entry and is_valid(entry, datetime.now(UTC)) else ""


def is_valid(entry: Entry, now: datetime) -> bool:
    """Return whether the code of an entry has not expired at `now`; False if the entry has none."""
    until = ppolicy.read_time(entry.first(RESET_CODE_UNTIL))
    return until is not None and now < until


def holds_code(hashed: str) -> str:
    """Return the filter that matches an entry while it has the code with this hash."""
    return f"({RESET_CODE}={escape_filter_chars(hashed)})"
