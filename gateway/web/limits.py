"""Limits for the size of requests. A request over a limit is refused before other code reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, abort, request

from gateway.web.client_info import WsgiApp

MAX_REQUEST_BYTES = 256 * 1024
"""Of a body. It is high enough that a form with a field of 10 kB still gets a message beside that field."""
MAX_TARGET_BYTES = 8 * 1024
"""Of an address with its query."""
MAX_HEADERS_BYTES = 32 * 1024
"""Of the values of all header fields together. The HTTP server limits each line, but joins lines of one name."""
MAX_FIELDS = 100
"""Of a form; our largest has about ten."""


class HeadLimits:
    """WSGI middleware: refuse addresses (414, RFC 9110, 15.5.15) and headers (431, RFC 6585, 5) that are too long."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer 414 or 431 in plain text, or pass the request on."""
        if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > MAX_TARGET_BYTES:
            return _refused("414 URI Too Long", start_response)
        headers = (value for name, value in environ.items() if name.startswith(("HTTP_", "CONTENT_")))
        if sum(map(len, headers)) > MAX_HEADERS_BYTES:
            return _refused("431 Request Header Fields Too Large", start_response)
        return self._app(environ, start_response)


def init_request_limits(app: Flask) -> None:
    """Refuse large bodies and forms of many fields with 413. Call it before any other code that reads requests."""
    app.config.update(MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES, MAX_FORM_PARTS=MAX_FIELDS)

    @app.before_request
    def refuse_many_fields() -> None:
        # Count separators in the raw bytes, because Werkzeug has no such limit for this media type.
        is_form = request.mimetype == "application/x-www-form-urlencoded"
        if is_form and request.get_data(cache=True).count(b"&") >= MAX_FIELDS:
            abort(413)


def init_head_limits(app: Flask) -> None:
    """Wrap the application in HeadLimits. Call it after all other WSGI middleware is added, so that it runs first."""
    app.wsgi_app = HeadLimits(app.wsgi_app)  # type: ignore[method-assign]


def _refused(status: str, start_response: Any) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [status.encode()]
