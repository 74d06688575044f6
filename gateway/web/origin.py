"""Where a request comes from, as throttles and audit see it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from flask import Flask, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway.protection.addresses import is_within

PROXIED = "mamia.proxied"
"""In a request's environment: whether one of our own proxies sent it."""
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class CountedProxies:
    """Takes address and scheme from the headers that our own proxies added, counted from the end.

    What a client wrote before them counts for nothing, and neither do the headers of whoever does not call from a
    proxy's network.
    """

    def __init__(self, app: WsgiApp, count: int, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        self._direct = app
        self._behind = ProxyFix(app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0)
        self._networks = networks

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ[PROXIED] = self._is_proxy(environ.get("REMOTE_ADDR", ""))
        app = self._behind if environ[PROXIED] else self._direct
        return app(environ, start_response)

    def _is_proxy(self, address: str) -> bool:
        # A socket file has no address: only the proxy reaches it.
        return not address or is_within(address, self._networks)


def stand_behind_proxies(app: Flask, count: int, networks: Sequence[IPv4Network | IPv6Network]) -> None:
    if count:
        app.wsgi_app = CountedProxies(app.wsgi_app, count, networks)  # type: ignore[method-assign]


def address() -> str:
    return request.remote_addr or ""


def agent() -> str:
    """The browser's own description as a short hash: enough to tell one from another."""
    return hashlib.blake2b(request.user_agent.string.encode(), digest_size=6).hexdigest()


def facts() -> dict[str, str]:
    """What the audit keeps of every request."""
    return {"request": g.request_id, "address": address(), "agent": agent()}
