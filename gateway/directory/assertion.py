"""The Assertion control (RFC 4528): the server performs a write only if a filter matches the entry."""

from __future__ import annotations

from ldap3.operation.search import compile_filter, parse_filter
from pyasn1.codec.ber import encoder

from gateway.ldap import Control
from gateway.needs.server import ASSERTION

OID = ASSERTION


def assertion(filter_: str) -> Control:
    """Return the control for `filter_`. It is critical: a server that does not know it refuses the write.

    The server answers assertionFailed (122) if the filter is false, and also if the account that writes has no search
    right on one of its attributes.
    """
    parsed = parse_filter(filter_, None, False, False, None, False)
    return OID, True, bytes(encoder.encode(compile_filter(parsed.elements[0])))
