"""A bind as a person, with the answer of the password policy."""

from __future__ import annotations

from ldap3 import SIMPLE, Connection

from gateway.account.model import Secret
from gateway.directory import ppolicy
from gateway.ldap import Result, require_fit


def bind_as(connection: Connection, dn: str, password: Secret) -> Result:
    """Return ldap3's result of a simple bind (RFC 4513, 5.1.3), over a connection for such binds.

    Raises ServerUnavailable.
    """
    try:
        # Bytes, because ldap3 would normalise a str (RFC 4013) and so bind with another password than was typed.
        connection.user, connection.password, connection.authentication = dn, password.reveal().encode(), SIMPLE
        result: Result = connection.bind(read_server_info=False, controls=[ppolicy.REQUEST_CONTROL])[1]
        require_fit(result)
        return result
    finally:
        connection.user = connection.password = None
