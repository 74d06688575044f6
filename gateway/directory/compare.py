"""Compare (RFC 4511, 4.10): whether an entry holds a value that this account may not read."""

from __future__ import annotations

from ldap3 import Connection
from ldap3.core.results import RESULT_COMPARE_FALSE, RESULT_COMPARE_TRUE, RESULT_NO_SUCH_ATTRIBUTE

from gateway.directory.people import UNFIT
from gateway.directory.pool import ServerUnfit

DECIDED = (RESULT_COMPARE_TRUE, RESULT_COMPARE_FALSE, RESULT_NO_SUCH_ATTRIBUTE)
"""The results that tell what the entry holds; any other one tells what this account may not do."""


def compare(connection: Connection, dn: str, attribute: str, value: str) -> tuple[int, str]:
    """The result's code and its name. Raises ServerUnfit."""
    result = connection.compare(dn, attribute, value)[1]
    if result["result"] in UNFIT:
        raise ServerUnfit(result["description"])
    return int(result["result"]), str(result["description"])
