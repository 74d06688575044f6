"""Requests to HTTP services of others. What they carry (tokens, codes) goes to the address of the settings alone."""

from __future__ import annotations

import ssl
from http.client import HTTPResponse
from typing import Any, cast
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would take headers and body to a host that nobody put into the settings: it is an error."""

    def redirect_request(self, *_: Any) -> None:
        return None


def open_request(request: Request, *, tls: ssl.SSLContext, timeout_seconds: float) -> HTTPResponse:
    """Send `request`. Raises urllib.error.HTTPError for an answer other than 2xx, redirects included, and OSError,
    http.client.HTTPException or ValueError where there is none.
    """
    handlers = [_NoRedirect(), HTTPSHandler(context=tls)]
    if request.type == "http":
        # For this machine alone, says the settings: a proxy of the environment would carry it in plain text.
        handlers.append(ProxyHandler({}))
    return cast("HTTPResponse", build_opener(*handlers).open(request, timeout=timeout_seconds))
