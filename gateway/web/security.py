"""Requirements for every request, and the security headers of every answer."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from flask import Flask, Response, abort, request
from werkzeug.exceptions import SecurityError

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


def init_security_headers(app: Flask, hsts_seconds: int) -> None:
    """Refuse requests without Host or with broken UTF-8 (400), and add security headers to every answer.

    `hsts_seconds`: the lifetime of Strict-Transport-Security; 0: the header is not sent. Answers without a
    Cache-Control of their own get no-store.
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

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Permissions-Policy"] = PERMISSIONS_POLICY
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if request.is_secure and hsts_seconds:
            # Send it over TLS only (RFC 6797, 7.2).
            headers["Strict-Transport-Security"] = f"max-age={hsts_seconds}; includeSubDomains"
        headers.setdefault("Cache-Control", "no-store")
        return response
