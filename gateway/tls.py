"""TLS towards other servers. Chain and host name are always verified."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

STRICT = ssl.VerifyFlags.VERIFY_X509_STRICT
PARTIAL_CHAIN = ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
"""Any certificate of the CA file is trusted, also one that another authority signed."""
_REASON = re.compile(r"certificate verify failed: (.+?)(?: \(_ssl|$)")


def verifying_context(ca_file: Path | None = None, *, strict: bool = True) -> ssl.SSLContext:
    """Return a client context that verifies against `ca_file`, or against the system's authorities.

    `strict`: certificates must have the extensions that RFC 5280 requires. Python 3.13 made both flags the default;
    they are set here, so that every Python version accepts the same certificates. Raises OSError or ssl.SSLError if
    the file contains no certificates.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags |= PARTIAL_CHAIN
    if strict:
        context.verify_flags |= STRICT
    else:
        context.verify_flags &= ~STRICT
    return context


def refusal(text: str) -> str:
    """Return OpenSSL's reason from the text of an exception about a refused certificate; "" for any other text."""
    found = _REASON.search(text)
    return found[1] if found else ""
