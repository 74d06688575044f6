"""Addresses under which programs look for what every site has (RFC 8615)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from gateway.settings import Settings

VALID_DAYS = 90
"""After that a copy of security.txt must not be believed (RFC 9116, 2.5.5)."""


def well_known_pages(settings: Settings) -> Blueprint:
    pages = Blueprint("well_known", __name__, url_prefix="/.well-known")

    @pages.get("/change-password")
    def change_password() -> ResponseReturnValue:
        """Where password managers send people (W3C: A Well-Known URL for Changing Passwords)."""
        return redirect(url_for("change"), 302)

    @pages.get("/security.txt")
    def security() -> ResponseReturnValue:
        """Whom to tell of a weakness (RFC 9116)."""
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
