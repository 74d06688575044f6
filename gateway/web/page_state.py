"""What a page shows after a form was sent. Each POST is answered by a redirect to it (303, RFC 9110, 15.4.4).

So going back, reloading and a tab that the browser discarded send nothing again. The state travels sealed in a cookie
of the form's path; a URL would end up in logs and histories. What proves who a person is never comes back: numbers,
codes and passwords are not in it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from flask import Response, request

from gateway.protection.tickets import Tickets, TokenError
from gateway.web.language import current

VERSION = 1
"""Raise it when a page changes what it puts into a state: during an upgrade, machines of both versions answer."""
LIFETIME_SECONDS = 600
MAX_COOKIE_CHARS = 3800
"""Browsers keep 4096 bytes of a cookie's name, value and attributes (RFC 6265bis, 5.6)."""
MAX_COOKIES = 2
"""One cookie is enough for all but the longest tickets. HTTP servers refuse more than 8 kB of cookies."""


@dataclass(frozen=True, slots=True)
class PageState:
    """The step of a service that a person has reached, and what they are to read there."""

    step: str
    """The name of the page that shows it."""
    status: int = 200
    values: Mapping[str, str] = field(default_factory=dict)
    """What comes back of what was typed, by field."""
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Sentences beside fields, by field."""
    sentences: Sequence[str] = ()
    """Sentences that concern all of the form."""
    retry_after_seconds: int = 0
    """0: the header Retry-After is not sent."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else the page needs; serialisable as JSON."""
    language: str = field(default_factory=current)
    """The language of the sentences."""
    reference: str = ""
    """The id of the request that sent the form, if the helpdesk may need it."""

    def in_language(self, language: str) -> PageState:
        """Return the state for a page in `language`: without its sentences if they are in another one.

        A state without sentences stays as it is: its page says everything itself.
        """
        if self.language == language or not (self.errors or self.sentences):
            return self
        return replace(self, status=200, errors={}, sentences=(), retry_after_seconds=0, language=language)

    def later(self, seconds: int) -> PageState:
        """Return the state as it is `seconds` later."""
        wait = self.retry_after_seconds
        return replace(self, retry_after_seconds=max(1, wait - seconds)) if wait else self

    @property
    def headers(self) -> dict[str, str]:
        """Return the header fields of the page."""
        return {"Retry-After": str(self.retry_after_seconds)} if self.retry_after_seconds else {}


@dataclass(frozen=True, slots=True)
class PageStates:
    """Hands states from a sent form to the page after it."""

    tickets: Tickets
    secure: bool
    """Whether browsers must send the cookie over TLS only."""

    def follow(self, path: str, state: PageState, to: str) -> Response:
        """Return the redirect to the address `to`, which shows `state`. `path`: the path of the form."""
        response = _see_other(to)
        text = self._seal(path, state)
        parts = [text[start : start + MAX_COOKIE_CHARS] for start in range(0, len(text), MAX_COOKIE_CHARS)]
        for place in range(MAX_COOKIES):
            self._set(response, path, place, parts[place] if place < len(parts) else "")
        return response

    def read(self, path: str) -> PageState | None:
        """Return the state that the browser sent for `path`, in the language of the page.

        None if there is none, if it is older than LIFETIME_SECONDS, or if this service did not seal it.
        """
        text = "".join(request.cookies.get(self._name(place), "") for place in range(MAX_COOKIES))
        opened = self.tickets.open(_purpose(path), text) if text else TokenError.INVALID
        if isinstance(opened, TokenError):
            return None
        age = LIFETIME_SECONDS - (opened.expires - int(time.time()))
        return PageState(**opened.payload).in_language(current()).later(age)

    def _seal(self, path: str, state: PageState) -> str:
        text = self.tickets.issue(_purpose(path), _fields(state), LIFETIME_SECONDS)
        if len(text) <= MAX_COOKIES * MAX_COOKIE_CHARS:
            return text
        # Long values are the ones that were refused anyway; the sentences that say so are more important.
        return self.tickets.issue(_purpose(path), _fields(replace(state, values={})), LIFETIME_SECONDS)

    def _name(self, place: int) -> str:
        # With this prefix browsers accept the cookie only over TLS (RFC 6265bis, 4.1.3.1).
        return ("__Secure-" if self.secure else "") + "mamia-etape" + (f"-{place + 1}" if place else "")

    def _set(self, response: Response, path: str, place: int, text: str) -> None:
        """Set one cookie, or let the browser forget it if `text` is empty."""
        name = self._name(place)
        # Of another path the browser may have one that it did not send.
        if not text and request.path.startswith(path) and name not in request.cookies:
            return
        lifetime = LIFETIME_SECONDS if text else 0
        response.set_cookie(name, text, lifetime, path=path, secure=self.secure, httponly=True, samesite="Strict")


def _fields(state: PageState) -> dict[str, Any]:
    # `asdict` would copy what the fields hold, and takes half of the time of sealing.
    return {one.name: getattr(state, one.name) for one in fields(state)}


def _see_other(to: str) -> Response:
    """Return a redirect whose body is empty: it would only cost time."""
    return Response(status=303, headers={"Location": to})


def _purpose(path: str) -> str:
    return f"page {VERSION} {path}"
