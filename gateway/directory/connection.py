"""Opening one verified connection to one LDAP server of the academy's directory."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from ldap3 import Connection

from gateway.account.errors import DirectoryUnavailable
from gateway.directory.ber_connection import BerConnection
from gateway.directory.server_support import refuse_other_products
from gateway.ldap import bind, close, is_success, new_connection, open_connection
from gateway.settings import Directory
from gateway.tls import verifying_context

log = logging.getLogger(__name__)


def connect(url: str, settings: Directory, *, as_service: bool) -> Connection:
    """Return a connection to the server `url`, bound as the service account or anonymous.

    Raises DirectoryUnavailable if the server refuses, UnsupportedServer if it is not OpenLDAP, LDAPException and
    OSError if it cannot be reached.
    """
    scheme = urlsplit(url).scheme
    # capture.server may be a Unix socket, over which there is no StartTLS.
    starts_tls = settings.start_tls and scheme == "ldap"
    is_secured = starts_tls or scheme == "ldaps"
    connection = new_connection(
        url,
        user=settings.bind_dn if as_service else None,
        password=settings.password if as_service else "",
        tls=verifying_context(settings.ca_file, strict=settings.tls_strict) if is_secured else None,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        receive_timeout_seconds=settings.receive_timeout_seconds,
        kind=BerConnection,
    )
    try:
        open_connection(connection)
        if starts_tls and not connection.start_tls(read_server_info=False)[0]:
            raise DirectoryUnavailable(f"{url} refuses StartTLS")
        if as_service:
            # Check before the password is sent, and again as the account if only the account may read the root DSE.
            refuse_other_products(connection, url)
            _bind_service(connection, url)
            refuse_other_products(connection, url)
    except Exception:
        close(connection)
        raise
    return connection


def _bind_service(connection: Connection, url: str) -> None:
    result = bind(connection)
    if is_success(result):
        return
    message = f"{url} refuses the service account {connection.user}: {result['description']}"
    log.error("%s; check this DN, its password and that it does not expire", message)
    raise DirectoryUnavailable(message)
