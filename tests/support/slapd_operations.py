"""What slapd was asked for, as cn=Monitor counts it."""

from __future__ import annotations

import ldap

from tests.support.slapd_server import SlapdServer

KINDS = ("Bind", "Search", "Compare", "Modify")


def operations(directory: SlapdServer) -> dict[str, int]:
    """How many operations of each kind were begun so far; to ask for them is a bind and a search itself."""
    with directory.as_admin() as line:
        found = line.search_s("cn=Operations,cn=Monitor", ldap.SCOPE_ONELEVEL, attrlist=["cn", "monitorOpInitiated"])
    counts = {entry["cn"][0].decode(): int(entry["monitorOpInitiated"][0]) for _, entry in found}
    return {name: counts[name] for name in KINDS}
