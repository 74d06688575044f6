"""Whether the directory does what people's requests need: compare proofs and write passwords. Nothing is changed.

A write is tried by deleting a value that cannot exist. Only `/health/ready` asks this; `mamia check` looks at
each server and each right separately.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from ldap3 import MODIFY_DELETE, Connection
from ldap3.core.results import RESULT_NO_SUCH_ATTRIBUTE

from gateway.account.errors import DirectoryMisconfigured, WriteUnconfirmed
from gateway.checks.declared_rights import unheld_value
from gateway.checks.finding import Finding, fail, ok
from gateway.directory.mapping import PeopleMapping
from gateway.directory.pool import ConnectionPool
from gateway.ldap import DECIDED, RETRYABLE_FOR_WRITES, Entry, compare, modify, require_fit, result_text, try_search
from gateway.needs import Access, Account, Part, Place, attributes, needs_of
from gateway.needs.people import proof_attributes
from gateway.settings import Settings

COMPARISONS, WRITES = "directory: comparisons", "directory: writes"
MAX_READ, MAX_TRIED = 20, 5
"""People who are read, and those of them who are tried until a write is allowed."""
UNTRIED = (attributes.ENTRY, attributes.MUST_CHANGE, attributes.POLICY, attributes.CLASS)
"""Attributes of which any possible value may be somebody's."""
HINT = "30-access.ldif of ldif/ has the rules; mamia check names the right that is missing"


@dataclass(frozen=True, slots=True)
class Serving:
    """The two checks, over the connections that people's requests use."""

    settings: Settings
    service: ConnectionPool
    mapping: PeopleMapping
    is_protected: Callable[[str, Sequence[str]], bool]
    """Receives the DN and the logins of an entry."""
    verify: Callable[[str], None]
    """Receives the URL of the server that answered, and raises DirectoryUnavailable if it applies no policy."""

    def check_comparisons(self) -> Finding:
        """Compare each proof of one person with a random value. Raises DirectoryUnavailable."""
        people = self._people()
        if not people:
            return ok(COMPARISONS, "not tried: nobody is there yet")
        refused = self.service.run_idempotent(lambda connection: self._refused_comparison(connection, people[0]))
        if refused:
            return fail(COMPARISONS, f"{refused}: nobody can prove who they are", HINT)
        return ok(COMPARISONS, "each proof can be compared")

    def check_writes(self) -> Finding:
        """Try a write on one person, at the server that takes the writes. Raises DirectoryUnavailable."""
        people = self._people()
        if not people:
            return ok(WRITES, "not tried: nobody is there yet")
        try:
            url, refused = self.service.run_once_where(lambda connection: self._refused_write(connection, people))
        except WriteUnconfirmed as error:
            return fail(WRITES, f"no answer: {error}", "the server's log and load")
        self.verify(url)
        if refused:
            return fail(WRITES, f"{refused}: no password can be changed or reset", HINT)
        return ok(WRITES, "passwords can be written")

    def _people(self) -> Sequence[str]:
        """Return the DNs of some people who are not protected."""
        entries = self.service.run_idempotent(self._first_people)
        unprotected = (one.dn for one in entries if not self.is_protected(one.dn, self.mapping.logins(one)))
        try:
            return list(islice(unprotected, MAX_TRIED))
        except DirectoryMisconfigured:
            # Another check reports that nobody can be decided about.
            return []

    def _first_people(self, connection: Connection) -> Sequence[Entry]:
        people = self.settings.people
        found = try_search(connection, people.base, people.filter, [people.login], size_limit=MAX_READ)
        require_fit(found.result)
        return found.entries

    def _refused_comparison(self, connection: Connection, dn: str) -> str:
        for name in proof_attributes(self.settings.people):
            result = compare(connection, dn, name, secrets.token_hex(8))
            require_fit(result)
            if result["result"] not in DECIDED:
                return f"{name}: {result_text(result)}"
        return ""

    def _refused_write(self, connection: Connection, people: Sequence[str]) -> str:
        """Return what cannot be written of any of `people`; "" if one can be written.

        The directory may refuse some of them, whom its own rules protect. Raises ServerUnavailable if the server is
        read-only.
        """
        refused = ""
        for dn in people:
            refused = self._refused_write_of(connection, dn)
            if not refused:
                break
        return refused

    def _refused_write_of(self, connection: Connection, dn: str) -> str:
        for attribute in self._written():
            result = modify(connection, dn, {attribute: [(MODIFY_DELETE, [unheld_value(attribute)])]})
            require_fit(result, RETRYABLE_FOR_WRITES)
            if result["result"] != RESULT_NO_SUCH_ATTRIBUTE:
                return f"{attribute}: {result_text(result)}"
        return ""

    def _written(self) -> list[str]:
        """Return the attributes that a change of a password writes."""
        rights = needs_of(self.settings).of(Account.GATEWAY)
        written = [right for right in rights if right.place is Place.PEOPLE and Access.WRITE in right.access]
        names = (name for right in written if Part.CHANGE in right.parts for name in right.attributes)
        return [name for name in dict.fromkeys(names) if name not in UNTRIED]
