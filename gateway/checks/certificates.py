"""Checks of the certificates of servers that the gateway calls: why one is refused, and how to fix it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.checks.certificate_reasons import certificate_fix, certificate_hint, names_at
from gateway.checks.finding import Finding, fail
from gateway.directory.connection import connect
from gateway.ldap import close
from gateway.settings import Directory
from gateway.tls import refusal, verifying_context

CONNECT_SECONDS = 5
PORTS = {"http": 80, "https": 443, "ldaps": 636, "rediss": 6379, "valkeys": 6379}
AUTHORITY_UNKNOWN = "the system must trust its authority, and the server be named as in its certificate"


def refused_certificate(
    subject: str, reason: str, setting: str, *, is_accepted: Callable[[], bool], otherwise: str
) -> Finding:
    """Return the finding for a refused certificate.

    `reason` is OpenSSL's; `is_accepted` returns whether the certificate is accepted without the strict rules;
    `otherwise` is the hint if it is not.
    """
    if not is_accepted():
        return fail(subject, f"its certificate is refused: {reason}", otherwise)
    return fail(
        subject,
        f"its certificate or its authority's does not follow RFC 5280: {reason}",
        "issue both again with critical basic constraints, key usage, and subject and authority key identifiers; "
        f"until then {setting} = false accepts them (chain and host name are still verified)",
    )


def refused_by_directory(subject: str, directory: Directory, urls: Sequence[str], text: str) -> Finding | None:
    """Return the finding about a refused certificate, if that is the reason `text` why none of `urls` could be used.

    Returns None for any other reason.
    """
    reason = refusal(text)
    if not reason:
        return None
    lenient = directory.model_copy(update={"tls_strict": False})
    return refused_certificate(
        subject,
        reason,
        "directory.tls_strict",
        is_accepted=lambda: any(_connects(url, lenient) for url in urls),
        otherwise=certificate_fix(reason, "directory.servers", "directory.ca_file", directory.ca_file)
        + (names_at(urls[0], directory.ca_file) if "mismatch" in reason else ""),
    )


def _connects(url: str, directory: Directory) -> bool:
    try:
        close(connect(url, directory, as_service=False))
    except (LDAPException, OSError, DirectoryUnavailable):
        return False
    return True


def service_fix(reason: str) -> str:
    """Return the fix for OpenSSL's `reason` at a service for which the system's authorities are trusted."""
    return certificate_hint(reason) or AUTHORITY_UNKNOWN


def authority_in(url: str) -> Path | None:
    """Return the file of authorities that a store's URL names, as its client library reads it."""
    [file] = parse_qs(urlsplit(url).query).get("ssl_ca_certs", [""])
    return Path(file) if file else None


def is_accepted_unless_strict(url: str, ca_file: Path | None) -> bool:
    """Return whether a server's certificate is accepted without the strict rules. Only the handshake is tried."""
    try:
        handshake(url, ca_file, strict=False)
    except OSError:
        return False
    return True


def reason_unless_strict(url: str, ca_file: Path | None) -> str:
    """Return why a certificate is refused without the strict rules too; "" if it is not.

    OpenSSL names a missing extension before it looks at the dates.
    """
    try:
        handshake(url, ca_file, strict=False)
    except OSError as error:
        return refusal(str(error))
    return ""


def handshake(url: str, ca_file: Path | None, *, strict: bool) -> None:
    """Connect, with TLS unless `url` is http://. Raises OSError; ssl.SSLError is a subclass of it."""
    parts = urlsplit(url)
    address = parts.hostname or "", parts.port or PORTS[parts.scheme]
    with socket.create_connection(address, timeout=CONNECT_SECONDS) as connection:
        if parts.scheme != "http":
            context = verifying_context(ca_file, strict=strict)
            with context.wrap_socket(connection, server_hostname=parts.hostname):
                pass
