"""The client of a request: its address, browser and language, for rate limits, audit and services."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any
from urllib.request import parse_http_list

from flask import Flask, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway.protection.rate_limiting.addresses import is_address, is_within
from gateway.services.caller import Caller, EntryPoint
from gateway.settings import Web
from gateway.web.language import current

log = logging.getLogger(__name__)

FORWARDED = "Forwarded"
PROXIED = "mamia.proxied"
"""Key in the WSGI environment: whether one of our own proxies sent the request."""
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class CountedProxies:
    """WSGI middleware: take address and scheme from the headers that our own proxies added, counted from the end.

    Entries that a client wrote before them are ignored. So are all such headers of a request that does not come from
    the network of a proxy.
    """

    def __init__(
        self, app: WsgiApp, count: int, networks: Sequence[IPv4Network | IPv6Network], *, by_forwarded: bool = False
    ) -> None:
        """`count`: how many proxies a request passes. `networks`: from where the last of them connects.

        `by_forwarded`: the proxies write Forwarded (RFC 7239), not X-Forwarded-For and X-Forwarded-Proto.
        """
        self._direct = app
        self._behind = ProxyFix(app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0)
        self._count = count
        self._networks = networks
        self._by_forwarded = by_forwarded
        self._has_warned = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass the request on, with REMOTE_ADDR and the scheme of the client, and with PROXIED set."""
        environ[PROXIED] = self._is_proxy(environ.get("REMOTE_ADDR", ""))
        if not environ[PROXIED]:
            return self._direct(environ, start_response)
        if self._by_forwarded:
            _use_forwarded(environ)
        callers = [without_port(caller) for caller in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        environ["HTTP_X_FORWARDED_FOR"] = ",".join(callers)
        self._judge(callers)
        return self._behind(environ, start_response)

    def _judge(self, callers: Sequence[str]) -> None:
        """Log a warning, once, if no address can be read: all such clients share one count of the rate limit."""
        caller = callers[-self._count] if len(callers) >= self._count else ""
        if not self._has_warned and not is_address(caller):
            self._has_warned = True
            log.warning("a trusted proxy passes on no IP address of its client: everybody behind it shares one limit")

    def _is_proxy(self, address: str) -> bool:
        # Only the proxy can reach a Unix socket, which has no address.
        return not address or is_within(address, self._networks)


def init_proxy_fix(app: Flask, web: Web) -> None:
    """Wrap the application in CountedProxies if the settings name proxies; else no header changes the address."""
    if web.trusted_proxies:
        app.wsgi_app = CountedProxies(  # type: ignore[method-assign]
            app.wsgi_app, web.trusted_proxies, web.proxy_networks, by_forwarded=web.forwarded_header == FORWARDED
        )


def without_port(caller: str) -> str:
    """Return an address without the port, and the brackets around IPv6, that some proxies add.

    >>> [without_port(text) for text in ("192.0.2.1:4711", " [2001:db8::1]:443", "[2001:db8::1]", "2001:db8::1")]
    ['192.0.2.1', '2001:db8::1', '2001:db8::1', '2001:db8::1']
    """
    text = caller.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _use_forwarded(environ: dict[str, Any]) -> None:
    """Overwrite the two X-Forwarded headers, which nobody verified, with the values of Forwarded."""
    elements = read_forwarded(environ.get("HTTP_FORWARDED", ""))
    environ["HTTP_X_FORWARDED_FOR"] = ",".join(element.get("for", "unknown") for element in elements)
    environ["HTTP_X_FORWARDED_PROTO"] = ",".join(element.get("proto", "") for element in elements)


def read_forwarded(header: str) -> list[dict[str, str]]:
    """Parse a Forwarded header (RFC 7239, 4): one dict per proxy, the last proxy last, with names in lower case.

    >>> read_forwarded('for="[2001:db8::1]:443";proto=https, For=192.0.2.1')
    [{'for': '[2001:db8::1]:443', 'proto': 'https'}, {'for': '192.0.2.1'}]
    """
    elements = []
    for element in parse_http_list(header):
        pairs = (pair.partition("=") for pair in element.split(";"))
        elements.append({name.strip().lower(): value.strip().strip('"') for name, _, value in pairs if value})
    return elements


def address() -> str:
    """Return the IP address of the client, as our own proxies give it; empty for a Unix socket without proxy."""
    return request.remote_addr or ""


def agent() -> str:
    """Return a short hash (12 hex digits) of the User-Agent: enough to distinguish browsers."""
    return hashlib.blake2b(request.user_agent.string.encode(), digest_size=6).hexdigest()


def caller(entry_point: EntryPoint, api_client: str = "") -> Caller:
    """Return the facts of this request that the services need. `api_client`: its name in the settings."""
    return Caller(
        entry_point,
        address=address(),
        agent=agent(),
        request_id=g.request_id,
        api_client=api_client,
        language=current(),
    )
