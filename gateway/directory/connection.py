"""One verified connection to one LDAP server."""

from __future__ import annotations

import logging
from contextlib import suppress
from urllib.parse import urlsplit

from ldap3 import ANONYMOUS, NONE, SAFE_SYNC, SIMPLE, Connection, Server
from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.directory.server_support import refuse_other_products
from gateway.ldap_tls import VerifyingTls
from gateway.settings import Directory
from gateway.tls import verifying_context

log = logging.getLogger(__name__)


def connect(url: str, settings: Directory, *, as_service: bool) -> Connection:
    """A connection to that very server, bound as the service account or as nobody.

    Raises DirectoryUnavailable where the server refuses, UnsupportedServer where it is another product than OpenLDAP,
    LDAPException and OSError where it can't be reached.
    """
    connection = Connection(
        _ldap3_server(url, settings),
        user=settings.bind_dn if as_service else None,
        # Bytes: ldap3 would normalise a text (RFC 4013) and so bind with another password.
        password=settings.password.encode() if as_service else None,  # type: ignore[arg-type]
        authentication=SIMPLE if as_service else ANONYMOUS,
        client_strategy=SAFE_SYNC,
        receive_timeout=settings.receive_timeout_seconds,
        auto_referrals=False,
        check_names=False,
        raise_exceptions=False,
    )
    try:
        connection.open(read_server_info=False)
        if settings.start_tls and not connection.start_tls(read_server_info=False)[0]:
            raise DirectoryUnavailable(f"{url} refuses StartTLS")
        if as_service:
            # Before the account's password goes there, and as the account where nobody else may read what it is.
            refuse_other_products(connection, url)
            _bind_service(connection, url)
            refuse_other_products(connection, url)
    except Exception:
        close(connection)
        raise
    return connection


def close(connection: Connection) -> None:
    with suppress(LDAPException, OSError):
        connection.unbind()
    # ldap3 forgets the socket of a connection that broke while it was being secured.
    if connection.socket is not None:
        connection.socket.close()


def _bind_service(connection: Connection, url: str) -> None:
    bound, result, _, _ = connection.bind(read_server_info=False)
    if bound:
        return
    message = f"{url} refuses the service account {connection.user}: {result['description']}"
    log.error("%s; check this DN, its password and that it does not expire", message)
    raise DirectoryUnavailable(message)


def _ldap3_server(url: str, settings: Directory) -> Server:
    """Made anew for each connection: ldap3 remembers for minutes that an address did not answer."""
    secured = settings.start_tls or urlsplit(url).scheme == "ldaps"
    tls = VerifyingTls(verifying_context(settings.ca_file, strict=settings.tls_strict)) if secured else None
    return Server(url, get_info=NONE, connect_timeout=settings.connect_timeout_seconds, tls=tls)


def reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
