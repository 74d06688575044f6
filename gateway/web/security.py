"""Requirements for every request, and the security headers of every answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, abort, request
from werkzeug.exceptions import SecurityError

from gateway.web.client_info import WsgiApp

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "geolocation", "gyroscope", "hid",
        "magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


NO_STORE = [("Cache-Control", "no-store")]
FIXED = [
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", PERMISSIONS_POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
"""The headers that all answers have. No page sets one of them itself."""


class SecurityHeaders:
    """WSGI middleware: add FIXED to every answer, and no-store to one without a Cache-Control of its own.

    In an after_request hook, Werkzeug would compare and check each header again for each answer.
    """

    def __init__(self, app: WsgiApp, hsts_seconds: int) -> None:
        """`hsts_seconds`: the lifetime of Strict-Transport-Security; 0: the header is not sent."""
        self._app = app
        # It is sent over TLS only (RFC 6797, 7.2).
        hsts = [("Strict-Transport-Security", f"max-age={hsts_seconds}; includeSubDomains")] if hsts_seconds else []
        self._over_tls = FIXED + hsts

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass the request on, and add the headers to its answer."""
        fixed = self._over_tls if environ["wsgi.url_scheme"] == "https" else FIXED

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            has_own = any(name.lower() == "cache-control" for name, _ in headers)
            return start_response(status, headers + fixed + ([] if has_own else NO_STORE), *more)

        return self._app(environ, start)


def init_security_headers(app: Flask, hsts_seconds: int) -> None:
    """Refuse requests without Host or with broken UTF-8 (400), and wrap the application in SecurityHeaders.

    Call it before middleware that changes the scheme, which then runs first.
    """

    @app.before_request
    def refuse_missing_host() -> None:
        """Refuse a request without Host: Werkzeug would use the server's own address, which may be an allowed one."""
        if "HTTP_HOST" not in request.environ:
            raise SecurityError("no Host header")

    @app.before_request
    def refuse_broken_utf8() -> None:
        """Refuse invalid UTF-8: Werkzeug would keep its bytes as percent signs, a password that nobody typed."""
        if request.mimetype != "application/x-www-form-urlencoded":
            return
        try:
            unquote_to_bytes(request.get_data(cache=True)).decode()
        except UnicodeDecodeError:
            abort(400)

    app.wsgi_app = SecurityHeaders(app.wsgi_app, hsts_seconds)  # type: ignore[method-assign]
