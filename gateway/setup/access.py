"""Connections of the administrator who sets a directory up: one for cn=config, one for its entries."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from ldap3 import SASL, Connection
from ldap3.core.exceptions import LDAPException
from pydantic import SecretStr

from gateway.account.errors import DirectoryUnavailable
from gateway.ldap import bind, close, is_success, new_connection, open_connection, result_text

LDAPI = "ldapi:///"
"""Debian's slapd on this machine, where root is known without a password (SASL EXTERNAL)."""
DEBIAN_SOCKET = "ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi"
WRITE_SECONDS = 600
"""Seconds to wait for an answer: slapd stops everything else while it changes its configuration."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who binds, and with which password."""

    dn: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class Access:
    """Open connections to one server."""

    url: str
    config: Connection
    """May read and write cn=config."""
    data: Connection
    """May read and write people, accounts and policies; the same as `config` where that may."""
    data_dn: str
    """Who `data` is, as the server says (RFC 4532); "" if it does not say."""


@contextmanager
def open_access(
    url: str = LDAPI,
    *,
    config_login: Login | None = None,
    data_login: Login | None = None,
    tls: ssl.SSLContext | None = None,
    start_tls: bool = False,
) -> Iterator[Access]:
    """Open the connections, and close them at the end of the context. Without a login: SASL EXTERNAL, for ldapi.

    Raises DirectoryUnavailable if the server refuses, LDAPException and OSError if it cannot be reached.
    """
    with _bound(url, config_login, tls, start_tls=start_tls) as config:
        if data_login is None or data_login == config_login:
            yield Access(url, config, config, _who_am_i(config))
            return
        with _bound(url, data_login, tls, start_tls=start_tls) as data:
            yield Access(url, config, data, _who_am_i(data))


@contextmanager
def _bound(url: str, login: Login | None, tls: ssl.SSLContext | None, *, start_tls: bool) -> Iterator[Connection]:
    reached = DEBIAN_SOCKET if url.rstrip("/") == "ldapi:" else url
    connection = new_connection(
        reached,
        user=login.dn if login else None,
        password=login.password.get_secret_value() if login else "",
        tls=tls if start_tls or urlsplit(url).scheme == "ldaps" else None,
        receive_timeout_seconds=WRITE_SECONDS,
    )
    if login is None:
        connection.authentication, connection.sasl_mechanism = SASL, "EXTERNAL"
        connection.sasl_credentials = ()
    try:
        open_connection(connection)
        if start_tls and not connection.start_tls(read_server_info=False)[0]:
            raise DirectoryUnavailable(f"{url} refuses StartTLS")
        if not is_success(result := bind(connection)):
            who = login.dn if login else "the local user (SASL EXTERNAL)"
            raise DirectoryUnavailable(f"{url} refuses {who}: {result_text(result)}")
        yield connection
    finally:
        close(connection)


def _who_am_i(connection: Connection) -> str:
    try:
        answer = connection.extend.standard.who_am_i()
    except LDAPException:
        return ""
    name = answer[2] if isinstance(answer, tuple) else answer
    return str(name or "").removeprefix("dn:")
