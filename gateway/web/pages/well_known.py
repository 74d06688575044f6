"""The well-known addresses (RFC 8615) that password managers and security researchers look for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from gateway.settings import Settings

VALID_DAYS = 90
"""Lifetime of a copy of security.txt, its field Expires (RFC 9116, 2.5.5)."""


def well_known_pages(settings: Settings) -> Blueprint:
    """Return the routes below /.well-known; security.txt is 404 if the settings name no security contact."""
    pages = Blueprint("well_known", __name__, url_prefix="/.well-known")

    @pages.get("/change-password")
    def change_password() -> ResponseReturnValue:
        """Redirect to the page for changes (W3C: A Well-Known URL for Changing Passwords)."""
        return redirect(url_for("change"), 302)

    @pages.get("/security.txt")
    def security() -> ResponseReturnValue:
        """Name the contact for reports of vulnerabilities (RFC 9116)."""
        if not settings.academy.security_contact:
            abort(404)
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=VALID_DAYS)
        lines = [
            f"Contact: {settings.academy.security_contact}",
            f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
            f"Preferred-Languages: {', '.join(settings.web.languages)}",
        ]
        return "\n".join(lines) + "\n", {"Content-Type": "text/plain; charset=utf-8"}

    return pages
