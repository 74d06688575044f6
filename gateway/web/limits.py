"""How much a request may bring: what is over a limit is refused before anything else reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask, abort, request

from gateway.web.client_info import WsgiApp

MAX_REQUEST_BYTES = 256 * 1024
"""Of a body. A form with a 10 kB field is still answered with a word beside that field."""
MAX_TARGET_BYTES = 8 * 1024
"""Of an address with its query."""
MAX_HEADERS_BYTES = 32 * 1024
"""Of all header fields together. A server in front limits each line, but joins the lines of one name."""
MAX_FIELDS = 100
"""Of a form; ours have ten."""


class HeadLimits:
    """Refuses addresses and header fields that are too long (RFC 9110, 15.5.15; RFC 6585, 5)."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > MAX_TARGET_BYTES:
            return _refused("414 URI Too Long", start_response)
        headers = (value for name, value in environ.items() if name.startswith(("HTTP_", "CONTENT_")))
        if sum(map(len, headers)) > MAX_HEADERS_BYTES:
            return _refused("431 Request Header Fields Too Large", start_response)
        return self._app(environ, start_response)


def init_request_limits(app: Flask) -> None:
    """Must come before whatever else looks into a request."""
    app.config.update(MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES, MAX_FORM_PARTS=MAX_FIELDS)

    @app.before_request
    def refuse_many_fields() -> None:
        # Counted in the bytes: Werkzeug has no such limit for this media type.
        is_form = request.mimetype == "application/x-www-form-urlencoded"
        if is_form and request.get_data(cache=True).count(b"&") >= MAX_FIELDS:
            abort(413)


def init_head_limits(app: Flask) -> None:
    """Must come after whatever else wraps the WSGI application."""
    app.wsgi_app = HeadLimits(app.wsgi_app)  # type: ignore[method-assign]


def _refused(status: str, start_response: Any) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [status.encode()]
