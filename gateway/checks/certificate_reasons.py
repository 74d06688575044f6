"""The fix for each of OpenSSL's reasons to refuse a server's certificate."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from gateway.tls import verifying_context

LDAPS_PORT, PROBE_SECONDS = 636, 3
UNKNOWN_AUTHORITY = ("self-signed", "self signed", "local issuer", "unable to verify the first")
FIXES = (
    (
        ("expired",),
        "renew the certificate on that server, and its authority's if that is over too, and restart the server",
    ),
    (("not yet valid",), "synchronise the clocks of this machine and of the server with a time server (timedatectl)"),
    (
        ("mismatch",),
        "write the name that is in its certificate into {servers}, or issue one for the name there (subjectAltName)",
    ),
    (
        ("too weak", "too small"),
        "issue the server's certificate again with a key and a signature of today: RSA 2048 or P-256, SHA-256",
    ),
    (("purpose", "key usage"), "issue the server's certificate again for servers: extended key usage serverAuth"),
    (("revoked",), "the authority has revoked it: issue a new certificate for the server"),
)
"""Words of OpenSSL's reason, and the fix. Unknown authorities are not in it: their fix depends on the service."""
OTHERWISE = "{authorities} must hold its authority, and {servers} name the server as in its certificate"
ISSUER = "{authorities} must hold the authority that issued it, with those in between if the server omits them"


def certificate_hint(reason: str, servers: str = "the settings") -> str:
    """Return the fix for OpenSSL's `reason`; "" if the authority is not trusted, or for another reason.

    `servers` is the setting that names the server.

    >>> certificate_hint("unsuitable certificate purpose")
    "issue the server's certificate again for servers: extended key usage serverAuth"
    """
    fix = next((fix for words, fix in FIXES if any(word in reason for word in words)), "")
    return fix.format(servers=servers)


def certificate_fix(reason: str, servers: str, authorities: str, ca_file: Path | None) -> str:
    """Return the fix for a server whose authorities are in a file.

    `reason` is OpenSSL's; `servers` is the setting that names the server; `authorities` the one that names the file
    `ca_file`.
    """
    if "expired" in reason and (ended := _ended_authorities(ca_file)):
        return f"{authorities}: an authority in it ended ({ended}); put the certificate of its successor there"
    if hint := certificate_hint(reason, servers):
        return hint
    is_unknown = any(word in reason for word in UNKNOWN_AUTHORITY)
    return (ISSUER if is_unknown else OTHERWISE).format(servers=servers, authorities=authorities)


def names_at(url: str, ca_file: Path | None) -> str:
    """Return the names in the certificate of an ldaps:// server, if an authority of `ca_file` issued it; else ""."""
    parts = urlsplit(url)
    context = verifying_context(ca_file, strict=False)
    context.check_hostname = False
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or LDAPS_PORT), PROBE_SECONDS) as connection,
            context.wrap_socket(connection) as secured,
        ):
            held = secured.getpeercert() or {}
    except (OSError, ValueError):
        return ""
    names = [str(pair[1]) for pair in held.get("subjectAltName", ())]
    return f" (it is for {', '.join(names)})" if names else ""


def _ended_authorities(ca_file: Path | None) -> str:
    """Return name and end of the authorities in the file that are over; "" if none is."""
    if ca_file is None:
        return ""
    held = verifying_context(ca_file, strict=False).get_ca_certs()
    ended = [one for one in held if ssl.cert_time_to_seconds(str(one["notAfter"])) < time.time()]
    return "; ".join(f"{_name(one)}, {one['notAfter']}" for one in ended)


def _name(certificate: Mapping[str, object]) -> str:
    subject = certificate.get("subject") or ()
    parts = [part for part in subject if isinstance(part, tuple)] if isinstance(subject, tuple) else []
    return ", ".join(str(value) for part in parts for _, value in part)
