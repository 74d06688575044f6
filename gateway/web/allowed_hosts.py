"""The host names of this site (RFC 9110, 7.2): no link or cookie is made for a name that a stranger sends as Host."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import SecurityError


def init_allowed_hosts(app: Flask, names: Iterable[str]) -> None:
    """Answer 400 to a request whose Host is none of `names`.

    `names` come from the settings; a name that begins with a dot permits all names that end in it. Werkzeug's
    TRUSTED_HOSTS compares without normalisation and does not support IPv6 addresses.
    """
    exact = {canonical(name) for name in names if not name.startswith(".")}
    suffixes = tuple(f".{canonical(name[1:])}" for name in names if name.startswith("."))

    @app.before_request
    def refuse_other_hosts() -> None:
        host = canonical(request.environ.get("HTTP_HOST", ""))
        if not host or not (host in exact or host.endswith(suffixes)):
            # The error page for it has no links, because they would lead to that host.
            raise SecurityError


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
