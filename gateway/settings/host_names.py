"""The form of host names that `web.allowed_hosts` and the header Host are compared in."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def canonical(host: str) -> str:
    """Return the host without its port, in lower case, without a final dot, in IDNA, an IPv6 address in short form.

    The result is empty if `host` is not valid.

    >>> [canonical(host) for host in ("Mon-Compte.ac-example.fr.:443", "[0:0:0:0:0:0:0:1]:80", "a b", "x:99999")]
    ['mon-compte.ac-example.fr', '::1', '', '']
    """
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname or "", parts.port
        if parts.netloc != host or "@" in host:
            return ""
        if ":" in name:
            return ip_address(name).compressed
        encoded = name.removesuffix(".").encode("idna").decode()
    except ValueError:
        return ""
    return encoded if all(char.isalnum() or char in "-._" for char in encoded) else ""
