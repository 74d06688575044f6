"""Requests to HTTP services. Their tokens and codes are sent only to the address in the settings."""

from __future__ import annotations

import ssl
from http.client import HTTPResponse
from typing import Any, cast
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener


class _NoRedirect(HTTPRedirectHandler):
    """Refuses redirects, which would send headers and body to a host that is not in the settings."""

    def redirect_request(self, *_: Any) -> None:
        return None


def open_request(request: Request, *, tls: ssl.SSLContext, timeout_seconds: float) -> HTTPResponse:
    """Send `request` and return the answer. Redirects are not followed.

    Raises urllib.error.HTTPError for a status other than 2xx, redirects included, and OSError,
    http.client.HTTPException or ValueError if there is no answer.
    """
    handlers = [_NoRedirect(), HTTPSHandler(context=tls)]
    if request.type == "http":
        # The settings allow http:// for this machine only; a proxy of the environment would carry it in plain text.
        handlers.append(ProxyHandler({}))
    return cast("HTTPResponse", build_opener(*handlers).open(request, timeout=timeout_seconds))
