"""Checks of the certificate that people's browsers see: at the proxy, under each name of web.allowed_hosts."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.host_names import public_names
from gateway.checks.tls_trouble import connection_trouble, handshake_trouble
from gateway.settings import Settings
from gateway.tls import verifying_context

SUBJECT = "certificate of the site"
PORT = 443
CONNECT_SECONDS = 3
MIN_DAYS = 21
"""Authorities that renew by themselves (ACME) do so 30 days before the end: less means that this failed."""
EXPIRED, NOT_YET, OTHER_NAME = 10, 9, 62
UNKNOWN_ISSUER = (18, 19, 20, 21)
"""OpenSSL's X509_V_ERR codes: self-signed, self-signed in chain, no local issuer, first certificate not verified."""
RENEW = "renew it (certbot renew), then systemctl reload nginx"
WHERE = "web.tls_address: host and port of the proxy, as this machine reaches it"


def check_site_certificate(settings: Settings) -> Iterator[Finding]:
    """Yield a finding per public name of the site; none if it has no such name."""
    for name in public_names(settings.web):
        yield _check(f"{SUBJECT} {name}", name, settings.web.tls_address)


def _check(subject: str, name: str, address: str) -> Finding:
    host, _, port = address.rpartition(":") if address else (name, "", str(PORT))
    try:
        connection = _connected(host.strip("[]"), int(port), fallback=not address)
    except OSError as error:
        trouble = connection_trouble(error, host, int(port))
        text = f"not tried: {trouble.text}"
        # Without the setting, a firewall between this machine and its public name is no mistake.
        return warn(subject, text, f"{trouble.hint}. {WHERE}")
    with connection:
        return _shown(subject, name, connection)


def _connected(host: str, port: int, *, fallback: bool) -> socket.socket:
    """Return a connection to the proxy; with `fallback` also to this machine. Raises OSError."""
    try:
        return socket.create_connection((host, port), timeout=CONNECT_SECONDS)
    except OSError:
        if fallback:
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", port), timeout=CONNECT_SECONDS)
        raise


def _shown(subject: str, name: str, connection: socket.socket) -> Finding:
    place = _address(connection)
    # Browsers do not ask for the extensions that our own strict rules want.
    context = verifying_context(strict=False)
    try:
        with context.wrap_socket(connection, server_hostname=name) as line:
            ends = ssl.cert_time_to_seconds(str((line.getpeercert() or {})["notAfter"]))
    except ssl.SSLCertVerificationError as error:
        return _refused(subject, name, place, error)
    except OSError as error:
        trouble = handshake_trouble(str(error))
        text = (
            trouble.text
            if trouble
            else f"breaks off the handshake ({getattr(error, 'reason', None) or type(error).__name__})"
        )
        hint = trouble.hint if trouble else "nginx -t, and its error log"
        return fail(subject, f"the proxy {text}: nobody reaches the site", f"{hint}. {WHERE}")
    days = int((ends - time.time()) / 86400)
    if days < MIN_DAYS:
        return warn(subject, f"valid for {days} more days; then every browser refuses the site", RENEW)
    return ok(subject, f"browsers accept it, for {days} more days")


def _refused(subject: str, name: str, place: tuple[str, int], error: ssl.SSLCertVerificationError) -> Finding:
    code, reason = error.verify_code, error.verify_message
    text = f"browsers refuse it: {reason}"
    if code == EXPIRED:
        return fail(subject, text, RENEW)
    if code == NOT_YET:
        return fail(subject, text, "set the clock of this machine (timedatectl), or wait until it becomes valid")
    if code == OTHER_NAME:
        hint = f"issue it for {name} too (subjectAltName), or take {name} out of web.allowed_hosts"
        return fail(subject, text, hint)
    if code in UNKNOWN_ISSUER:
        return _unknown_issuer(subject, name, place)
    return fail(subject, text, "issue it again, for servers (extended key usage serverAuth) and with a current key")


def _unknown_issuer(subject: str, name: str, place: tuple[str, int]) -> Finding:
    """Tell a missing intermediate certificate, which browsers may have from elsewhere, from an unknown authority."""
    sent = _sent_certificates(name, *place)
    if sent == 1:
        text = "the proxy sends only this certificate, and this machine does not know who signed it"
        hint = (
            "ssl_certificate: the file with the intermediate certificates too (fullchain.pem); if the academy's own "
            "authority signed it directly, this machine must trust that one (update-ca-certificates)"
        )
        return fail(subject, text, hint)
    text = "this machine does not trust its authority"
    hint = (
        "a certificate of a public authority; if it is the academy's own one: copy that authority's certificate to "
        "/usr/local/share/ca-certificates and run update-ca-certificates"
    )
    return fail(subject, text, hint)


def _address(connection: socket.socket) -> tuple[str, int]:
    """Return host and port of the other end."""
    host, port = connection.getpeername()[:2]
    return host, port


def _sent_certificates(name: str, host: str, port: int) -> int:
    """Return how many certificates the proxy sends; 0 if this Python cannot tell."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        suppress(OSError, AttributeError),
        socket.create_connection((host, port), timeout=CONNECT_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=name) as line,
    ):
        # Public from Python 3.13 on.
        holder: Any = line if hasattr(line, "get_unverified_chain") else line._sslobj  # type: ignore[attr-defined]
        return len(holder.get_unverified_chain() or ())
    return 0
