"""By which names this site may be asked for (RFC 9110, 7.2): links and cookies must not follow a stranger's Host."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import SecurityError


def init_allowed_hosts(app: Flask, names: Iterable[str]) -> None:
    """Answer 400 to a request for another host. `names`: as settings hold them; one that begins with a dot stands for
    all names below it.

    Werkzeug's TRUSTED_HOSTS compares as written, and knows no IPv6 address.
    """
    exact = {canonical(name) for name in names if not name.startswith(".")}
    suffixes = tuple(f".{canonical(name[1:])}" for name in names if name.startswith("."))

    @app.before_request
    def refuse_other_hosts() -> None:
        host = canonical(request.environ.get("HTTP_HOST", ""))
        if not host or not (host in exact or host.endswith(suffixes)):
            # Its page has no links: they would lead there.
            raise SecurityError


def canonical(host: str) -> str:
    """The host alone, without its port: lower case, no final dot, IDNA, the short form of an IPv6 address.

    Empty for what is no host.

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
