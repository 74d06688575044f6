"""TLS for ldap3 in which OpenSSL verifies certificate and host name."""

from __future__ import annotations

import ssl

from ldap3 import Connection, Tls


class VerifyingTls(Tls):
    """`context` verifies, within the connection's time limit.

    ldap3's own way verifies nothing unless told so, and then calls `ssl.match_hostname`, gone since Python 3.12.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname=connection.server.host, do_handshake_on_connect=do_handshake
        )
