"""A bind as a person, with the answer of the password policy."""

from __future__ import annotations

from ldap3 import SIMPLE, Connection
from ldap3.core.exceptions import LDAPSocketReceiveError
from ldap3.utils.asn1 import decode_message_fast

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
        first = connection.bind(read_server_info=False, controls=[ppolicy.REQUEST_CONTROL])[1]
        result = first if first["type"] == "bindResponse" else _next_answer(connection)
        require_fit(result)
        return result
    finally:
        connection.user = connection.password = None


def _next_answer(connection: Connection) -> Result:
    """Return the answer to the bind if another message came before it. Raises LDAPException if none comes.

    ppolicy writes a failure, or the end of failures, into the entry. If the overlay sock cannot connect to its
    listener, slapd 2.5 also sends the client the error of that write, with the message id of the bind. ldap3 takes
    the first of both, or the second if they arrive together, so the same bind would have two different results.
    """
    messages = connection.strategy.receiving()
    for message in messages:
        result: Result = connection.strategy.decode_response_fast(decode_message_fast(message))
        if result["type"] == "bindResponse":
            return result
    raise LDAPSocketReceiveError("no answer to the bind")
