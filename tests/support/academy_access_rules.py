"""Access rules of the academy's own, after those of `ldif/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import ldap

from tests.support.slapd_server import SlapdServer

DATABASE = "olcDatabase={1}mdb,cn=config"
DEBIANS_RULES = (
    "to attrs=userPassword by self write by anonymous auth by * none",
    "to attrs=shadowLastChange by self write by * read",
    "to * by * read",
)
"""olcAccess as Debian's package makes it."""


@contextmanager
def academy_access_rules(directory: SlapdServer, *rules: str) -> Iterator[None]:
    """Until the block ends, the rules after ours are these."""
    with directory.as_admin("cn=config") as line:
        [(_, database)] = line.search_s(DATABASE, ldap.SCOPE_BASE, attrlist=["olcAccess"])
        before = database["olcAccess"]
        # The last two are those of private/config.ldif.
        line.modify_s(DATABASE, [(ldap.MOD_REPLACE, "olcAccess", before[:-2] + [rule.encode() for rule in rules])])
        try:
            yield
        finally:
            line.modify_s(DATABASE, [(ldap.MOD_REPLACE, "olcAccess", before)])
