"""What a server's port speaks: TLS, of which version, or LDAP without TLS. No password is sent."""

from __future__ import annotations

import socket
import ssl
import warnings
from enum import Enum

from ldap3.core.exceptions import LDAPException

from gateway.ldap import close, new_connection, open_connection, read_entry
from gateway.tls import use_current_versions

PROBE_SECONDS = 2


class Speaks(Enum):
    """What answers at a port."""

    TLS = "TLS"
    """A version of TLS, and ciphers, that this machine uses too."""
    OLD_TLS = "TLS 1.0 or 1.1"
    OTHER_CIPHERS = "TLS with other ciphers"
    LDAP = "LDAP without TLS"
    NEITHER = "neither TLS nor LDAP"


def spoken_at(host: str, port: int) -> Speaks:
    """Find out what answers at the port. Never raises."""
    version = ""
    try:
        if _shakes_hands(host, port, _usual_context()):
            return Speaks.TLS
        version = _shakes_hands(host, port, _lenient_context())
    except TimeoutError:
        # A server without TLS may wait for the rest of what it takes for a request.
        pass
    if version:
        return Speaks.OLD_TLS if version in ("TLSv1", "TLSv1.1") else Speaks.OTHER_CIPHERS
    return Speaks.LDAP if _answers_without_tls(host, port) else Speaks.NEITHER


def _usual_context() -> ssl.SSLContext:
    """Return a context with the versions and ciphers of all connections."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    use_current_versions(context)
    return context


def _lenient_context() -> ssl.SSLContext:
    """Return a context for old versions and weak ciphers, only to tell the administrator that the server has them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


def _shakes_hands(host: str, port: int, context: ssl.SSLContext) -> str:
    """Return the version of TLS; "" if the server refuses. Raises TimeoutError if it says nothing."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=PROBE_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=host) as secured,
        ):
            return secured.version() or ""
    except TimeoutError:
        raise
    except (OSError, ValueError):
        return ""


def _answers_without_tls(host: str, port: int) -> bool:
    where = f"[{host}]" if ":" in host else host
    connection = new_connection(
        f"ldap://{where}:{port}", connect_timeout_seconds=PROBE_SECONDS, receive_timeout_seconds=PROBE_SECONDS
    )
    try:
        open_connection(connection)
        read_entry(connection, "", ["objectClass"])
    except (LDAPException, OSError):
        return False
    finally:
        close(connection)
    return True
