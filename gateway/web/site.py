"""The Flask application, without what Flask does anew for each request and we do not need."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from flask import Flask, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions in signed cookies, with the keys that the application has at its first request."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs and reads cookies."""
        return self._serializer

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie of a session that changed; an answer that depends on an old one says so (Vary)."""
        if session.modified or session.permanent or "Vary" in response.headers:
            super().save_session(app, session, response)
        elif session.accessed:
            response.headers["Vary"] = "Cookie"

    @cached_property
    def _serializer(self) -> URLSafeTimedSerializer | None:
        return super().get_signing_serializer(self._app)


class Site(Flask):
    """A Flask application whose views and hooks are all ordinary functions."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return `func`; Flask would look each time whether it is a coroutine."""
        return func
