"""A bind as a person, with the password policy's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ldap3 import SIMPLE, Connection

from gateway.account.model import Secret
from gateway.directory import ppolicy
from gateway.directory.people import UNFIT
from gateway.directory.pool import ServerUnfit


def bind_as(connection: Connection, dn: str, password: Secret) -> Mapping[str, Any]:
    """ldap3's result of a simple bind (RFC 4513, 5.1.3) over a connection kept for such binds. Raises ServerUnfit."""
    try:
        # Bytes: ldap3 would normalise a text (RFC 4013) and so bind with another password than was typed.
        connection.user, connection.password, connection.authentication = dn, password.reveal().encode(), SIMPLE
        result: Mapping[str, Any] = connection.bind(read_server_info=False, controls=[ppolicy.REQUEST_CONTROL])[1]
        if result["result"] in UNFIT:
            raise ServerUnfit(result["description"])
        return result
    finally:
        connection.user = connection.password = None
