"""TLS towards other servers: version 1.2 at least, and current ciphers. Chain and host name are always verified."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

STRICT = ssl.VerifyFlags.VERIFY_X509_STRICT
PARTIAL_CHAIN = ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
"""Any certificate of the CA file is trusted, also one that another authority signed."""
MINIMUM_VERSION = ssl.TLSVersion.TLSv1_2
CIPHERS = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"
"""Python's own default, with forward secrecy and without SHA-1. Debian builds its Python without it."""
_REASON = re.compile(r"certificate verify failed: (.+?)(?: \(_ssl|$)")


def verifying_context(ca_file: Path | None = None, *, strict: bool = True) -> ssl.SSLContext:
    """Return a client context that verifies against `ca_file`, or against the system's authorities.

    `strict`: certificates must have the extensions that RFC 5280 requires. Python 3.13 made both flags the default;
    they are set here, as are version and ciphers, so that every Python accepts the same servers. Raises OSError or
    ssl.SSLError if the file contains no certificates.
    """
    context = ssl.create_default_context(cafile=ca_file)
    use_current_versions(context)
    context.verify_flags |= PARTIAL_CHAIN
    if strict:
        context.verify_flags |= STRICT
    else:
        context.verify_flags &= ~STRICT
    return context


def use_current_versions(context: ssl.SSLContext) -> None:
    """Let the context use TLS 1.2 and later with CIPHERS only."""
    context.minimum_version = MINIMUM_VERSION
    context.set_ciphers(CIPHERS)


def refusal(text: str) -> str:
    """Return OpenSSL's reason from the text of an exception about a refused certificate; "" for any other text."""
    found = _REASON.search(text)
    return found[1] if found else ""
