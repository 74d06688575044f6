"""Who is an agent of the helpdesk: a member of a group, or somebody whom a filter matches.

It fails closed: nobody is an agent while the group or the filter cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ldap3 import Connection
from ldap3.core.results import RESULT_COMPARE_TRUE, RESULT_UNDEFINED_ATTRIBUTE_TYPE

from gateway.account.errors import DirectoryMisconfigured
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import posix_names
from gateway.ldap import DECIDED, compare, find_entry, require_fit
from gateway.needs.attributes import MEMBERS
from gateway.settings import Helpdesk, People

BY_DN = MEMBERS[:2]
"""Attributes of a group that list DNs; the last one of MEMBERS lists logins (RFC 2307)."""


@dataclass(frozen=True, slots=True)
class LdapAgents:
    """Evaluates `helpdesk.agents_group` and `helpdesk.agents_filter`, over connections of the helpdesk's account."""

    pool: ConnectionPool
    people: People
    helpdesk: Helpdesk

    def includes(self, dn: str, logins: Sequence[str]) -> bool:
        """Return whether the entry `dn` with these logins is an agent.

        With both settings, one of them is enough. Raises DirectoryUnavailable, DirectoryMisconfigured.
        """
        return self.pool.run_idempotent(lambda connection: self._includes(connection, dn, logins))

    def _includes(self, connection: Connection, dn: str, logins: Sequence[str]) -> bool:
        in_group = self.helpdesk.agents_group is not None and self._is_member(connection, dn, logins)
        return in_group or self._matches(connection, dn)

    def _matches(self, connection: Connection, dn: str) -> bool:
        if not self.helpdesk.agents_filter:
            return False
        filter_ = f"(&{self.people.filter}{self.helpdesk.agents_filter})"
        return find_entry(connection, dn, filter_, ["1.1"]) is not None

    def _is_member(self, connection: Connection, dn: str, logins: Sequence[str]) -> bool:
        asked = [(attribute, dn) for attribute in BY_DN] + [(MEMBERS[-1], name) for name in posix_names(logins)]
        return any(self._lists(connection, attribute, value) for attribute, value in asked)

    def _lists(self, connection: Connection, attribute: str, value: str) -> bool:
        result = compare(connection, str(self.helpdesk.agents_group), attribute, value)
        require_fit(result)
        code = result["result"]
        if code not in (*DECIDED, RESULT_UNDEFINED_ATTRIBUTE_TYPE):
            raise DirectoryMisconfigured(
                f"helpdesk.agents_group {self.helpdesk.agents_group} can't be compared ({result['description']}): "
                "nobody is an agent of the helpdesk until it can"
            )
        return bool(code == RESULT_COMPARE_TRUE)
