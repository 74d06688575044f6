"""Connections to one LDAP server, for which OpenSSL verifies certificate and host name."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ldap3 import ANONYMOUS, NONE, SAFE_SYNC, SIMPLE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.ldap.results import Result, is_success, result_text

CONNECT_SECONDS, RECEIVE_SECONDS = 3, 10
"""Default time limits, in seconds."""


class VerifyingTls(Tls):
    """TLS whose `context` verifies the server, within the connection's time limit.

    ldap3 verifies nothing by default, and with verification it calls `ssl.match_hostname`, which Python 3.12 removed.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        """Secure the connection's socket. Raises ssl.SSLError if the certificate is refused."""
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname=connection.server.host, do_handshake_on_connect=do_handshake
        )


def new_connection(
    url: str,
    *,
    user: str | None = None,
    password: str = "",
    tls: ssl.SSLContext | None = None,
    connect_timeout_seconds: float = CONNECT_SECONDS,
    receive_timeout_seconds: float = RECEIVE_SECONDS,
    kind: type[Connection] = Connection,
) -> Connection:
    """Make a connection that is neither open nor bound; `user` is None for an anonymous one.

    `tls` is used for ldaps:// and StartTLS; `kind` may be a class with another codec. Each operation returns its own
    result and raises no exception if the server refuses it. Raises LDAPException for an invalid URL.
    """
    # A new Server each time, because ldap3 remembers for minutes that an address did not answer.
    server = Server(
        url, get_info=NONE, connect_timeout=connect_timeout_seconds, tls=VerifyingTls(tls) if tls else None
    )
    return kind(
        server,
        user=user,
        # Bytes, because ldap3 would normalise a str (RFC 4013) and so bind with another password.
        password=None if user is None else password.encode(),  # type: ignore[arg-type]
        authentication=ANONYMOUS if user is None else SIMPLE,
        client_strategy=SAFE_SYNC,
        receive_timeout=receive_timeout_seconds,
        auto_referrals=False,
        check_names=False,
        raise_exceptions=False,
    )


def open_connection(connection: Connection) -> None:
    """Connect, with a TLS handshake if the URL is ldaps://. Raises LDAPException, OSError."""
    connection.open(read_server_info=False)


def bind(connection: Connection) -> Result:
    """Return the result of a simple bind as the connection's user (RFC 4513, 5.1). Raises LDAPException, OSError."""
    result: Result = connection.bind(read_server_info=False)[1]
    return result


@contextmanager
def bound_connection(
    url: str, user: str, password: str, *, tls: ssl.SSLContext | None = None
) -> Iterator[Connection]:
    """Open a connection bound as `user`, and close it at the end of the context.

    Raises DirectoryUnavailable if the server refuses the bind, LDAPException and OSError if it cannot be reached.
    """
    connection = new_connection(url, user=user, password=password, tls=tls)
    try:
        open_connection(connection)
        if not is_success(result := bind(connection)):
            raise DirectoryUnavailable(f"{url} refuses {user}: {result_text(result)}")
        yield connection
    finally:
        close(connection)


def close(connection: Connection) -> None:
    """Close the connection, whatever its state. Never raises."""
    with suppress(LDAPException, OSError):
        connection.unbind()
    # ldap3 does not close the socket of a connection that failed during the TLS handshake.
    if connection.socket is not None:
        connection.socket.close()


def error_text(error: Exception) -> str:
    """Return class and text of an exception, as logs and findings show it."""
    return f"{type(error).__name__}: {error}"
