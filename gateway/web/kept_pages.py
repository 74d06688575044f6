"""Pages that are rendered once a minute for everybody, and filled in for each request.

A page on which nobody typed anything is the same for everybody in its language, except for a few tokens. It is
rendered with a stand-in for each token, in a request of its own that has no cookie, no parameter and no client. So
nothing of one person can be on what another one gets. Each request then puts its tokens between the pieces.

Once a minute, because nothing on a page changes sooner: whether the helpdesk is open, or the time in a mail to it.
New settings, texts and templates come with new processes, which have kept nothing yet.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from flask import Flask, current_app, g, request
from flask_babel import force_locale
from flask_wtf.csrf import generate_csrf

from gateway.web.language import current

Tokens = Mapping[str, str]
"""Name → what each showing of a page has of its own."""
Render = Callable[[Tokens], str]
"""Returns a page with these tokens, from nothing else of the request but ADDRESS and the language."""
ADDRESS: Final = ("wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME", "PATH_INFO")
"""What a page may know of its request, by name in the WSGI environment."""
OF_ANY_PAGE: Final[Mapping[str, Callable[[], str]]] = {
    "csrf_token": generate_csrf,
    "request_id": lambda: str(g.request_id),
}
"""Tokens that any page may show: their name in `g`, and what returns them. Without a form no session begins."""
MAX_PAGES: Final = 64
"""About 10 kB each. A site has 30; each further name of its host that somebody uses has its own."""
_NEVER_ESCAPED = re.compile(r"[A-Za-z0-9._~-]+")
"""The same in text, attributes, addresses and JSON (unreserved characters, RFC 3986, 2.3)."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page in pieces. Between two of them comes the token whose name is in the same place."""

    pieces: Sequence[bytes]
    names: Sequence[str]

    def filled_in(self, tokens: Tokens) -> bytes:
        values = {name: self._value(name, tokens) for name in {*self.names}}
        parts = [self.pieces[0]]
        for name, piece in zip(self.names, self.pieces[1:], strict=True):
            parts += values[name], piece
        return b"".join(parts)

    @staticmethod
    def _value(name: str, tokens: Tokens) -> bytes:
        value = tokens[name] if name in tokens else OF_ANY_PAGE[name]()
        if not _NEVER_ESCAPED.fullmatch(value):
            raise ValueError(f"the token {name} would have to be escaped")
        return value.encode()


@dataclass(slots=True)
class KeptPages:
    """Renders each page once a minute, per language and address."""

    is_on: bool = True
    """False: each page is rendered for each request."""
    now: Callable[[], float] = time.time
    _pages: dict[tuple[Hashable, ...], _Kept] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def view(self, render: Callable[[], str]) -> Callable[[], str | bytes]:
        """Return the view of a page that has no tokens of its own."""
        return lambda: self.page(lambda _tokens: render(), {})

    def page(self, render: Render, tokens: Tokens, *facts: Hashable) -> str | bytes:
        """Return what `render(tokens)` returns. `facts`: what else it depends on, as few different ones as possible.

        Raises ValueError for a token that would have to be escaped.
        """
        if not self.is_on:
            return render(tokens)
        environ = request.environ
        address, language = tuple([environ.get(name, "") for name in ADDRESS]), current()
        key = (int(self.now() // 60), language, address, facts)
        kept = self._pages.get(key)
        if kept is None:
            app = current_app._get_current_object()  # type: ignore[attr-defined]
            # Nothing of the present request can be reached from a new context.
            kept = Context().run(_render_for_nobody, app, address, language, render, tokens.keys())
            self._keep(key, kept)
        return kept.filled_in(tokens)

    def _keep(self, key: tuple[Hashable, ...], kept: _Kept) -> None:
        with self._lock:
            pages = {other: page for other, page in self._pages.items() if other[0] == key[0]}
            if len(pages) == MAX_PAGES:
                del pages[next(iter(pages))]
            self._pages = {**pages, key: kept}


def _render_for_nobody(
    app: Flask, address: Sequence[str], language: str, render: Render, names: Iterable[str]
) -> _Kept:
    # In the form of what the WebAuthn library decodes and encodes again: base64 of 32 bytes.
    stand_ins = {name: secrets.token_urlsafe(32) for name in (*names, *OF_ANY_PAGE)}
    environ = {"REQUEST_METHOD": "GET", **dict(zip(ADDRESS, address, strict=True))}
    with app.app_context(), app.request_context(environ), force_locale(language):
        for name in OF_ANY_PAGE:
            setattr(g, name, stand_ins[name])
        text = render(stand_ins)
    names_of = {mark: name for name, mark in stand_ins.items()}
    pieces = re.split(f"({'|'.join(names_of)})", text)
    return _Kept([piece.encode() for piece in pieces[::2]], [names_of[mark] for mark in pieces[1::2]])
