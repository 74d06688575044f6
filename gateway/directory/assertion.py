"""The Assertion control (RFC 4528): the server performs a write only if a filter matches the entry."""

from __future__ import annotations

from gateway.directory.ldap_messages import encoded_filter
from gateway.ldap import Control
from gateway.needs.server import ASSERTION

OID = ASSERTION


def assertion(filter_: str) -> Control:
    """Return the control for `filter_`. It is critical: a server that does not know it refuses the write.

    The server answers assertionFailed (122) if the filter is false, and also if the account that writes has no search
    right on one of its attributes.
    """
    return OID, True, encoded_filter(filter_)
