"""Checks of the certificates of servers that the gateway calls: why one is refused, and how to fix it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import getproxies, proxy_bypass

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.checks.certificate_reasons import certificate_fix, names_at
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory.connection import connect
from gateway.ldap import close
from gateway.settings import Directory, Settings
from gateway.tls import refusal, verifying_context

CONNECT_SECONDS = 5
PORTS = {"https": 443, "ldaps": 636, "rediss": 6379, "valkeys": 6379}
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


def check_secured_services(settings: Settings) -> Iterator[Finding]:
    """Check the HTTPS services of the settings and a store with TLS, with a TLS handshake only: no data is sent."""
    codes, password, rate_limits = settings.second_factor, settings.password, settings.rate_limits
    yield from _check(
        "second_factor.sms_gateway_url",
        codes.sms_gateway_url,
        "second_factor.sms_gateway_tls_strict",
        codes.sms_gateway_tls_strict,
    )
    yield from _check(
        "password.pwned_url", password.pwned_url, "password.pwned_tls_strict", password.pwned_tls_strict
    )
    yield from _check(
        "rate_limits.store", rate_limits.store, "rate_limits.store_tls_strict", rate_limits.store_tls_strict
    )


def _check(subject: str, url: str, setting: str, strict: bool) -> Iterator[Finding]:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "rediss", "valkeys"):
        return
    if parts.scheme == "https" and "https" in getproxies() and not proxy_bypass(parts.hostname or ""):
        yield ok(subject, "certificate not tried: this environment's proxy is between")
        return
    # The same option that redis-py reads from a rediss:// URL.
    [authority] = parse_qs(parts.query).get("ssl_ca_certs", [""])
    ca_file = Path(authority) if authority else None
    try:
        _handshake(url, ca_file, strict=strict)
    except OSError as error:
        if reason := refusal(str(error)):
            yield refused_certificate(
                subject,
                reason,
                setting,
                is_accepted=lambda: is_accepted_unless_strict(url, ca_file),
                otherwise=AUTHORITY_UNKNOWN,
            )
        else:
            yield warn(subject, f"{parts.hostname}: {error}", "is it up, and may this machine reach it?")


def is_accepted_unless_strict(url: str, ca_file: Path | None) -> bool:
    """Return whether a server's certificate is accepted without the strict rules. Only the handshake is tried."""
    try:
        _handshake(url, ca_file, strict=False)
    except OSError:
        return False
    return True


def _handshake(url: str, ca_file: Path | None, *, strict: bool) -> None:
    """Connect with TLS. Raises OSError; ssl.SSLError is a subclass of it."""
    parts = urlsplit(url)
    context = verifying_context(ca_file, strict=strict)
    address = parts.hostname or "", parts.port or PORTS[parts.scheme]
    with (
        socket.create_connection(address, timeout=CONNECT_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=parts.hostname),
    ):
        pass
