"""Requests to HTTP services. Their tokens and codes are sent only to the address in the settings."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any, cast
from urllib.request import (
    BaseHandler,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    ProxyHandler,
    Request,
    build_opener,
)


class _NoRedirect(HTTPRedirectHandler):
    """Refuses redirects, which would send headers and body to a host that is not in the settings."""

    def redirect_request(self, *_: Any) -> None:
        return None


def open_request(
    request: Request, *, tls: ssl.SSLContext, timeout_seconds: float, total_seconds: float | None = None
) -> HTTPResponse:
    """Send `request` and return the answer. Redirects are not followed.

    `timeout_seconds` is for each read and write. `total_seconds`, if given, is for all of them from the connection to
    the status and headers of the answer: a server that sends a byte now and then holds nobody for longer.

    Raises urllib.error.HTTPError for a status other than 2xx, redirects included, and OSError,
    http.client.HTTPException or ValueError if there is no answer.
    """
    if total_seconds is None:
        return _open(request, tls, timeout_seconds, _watch_nothing)
    deadline = _Deadline(total_seconds)
    with deadline:
        answer = _open(request, tls, timeout_seconds, deadline.watch)
    if deadline.is_over:
        # What came of the headers before the end was read as all of them.
        answer.close()
        raise TimeoutError
    return answer


Watch = Callable[[socket.socket], None]


def _open(request: Request, tls: ssl.SSLContext, timeout_seconds: float, watch: Watch) -> HTTPResponse:
    handlers: list[BaseHandler] = [_NoRedirect(), _WatchedHTTP(watch), _WatchedHTTPS(tls, watch)]
    if request.type == "http":
        # The settings allow http:// for this machine only; a proxy of the environment would carry it in plain text.
        handlers.append(ProxyHandler({}))
    return cast("HTTPResponse", build_opener(*handlers).open(request, timeout=timeout_seconds))


def _watch_nothing(connection: socket.socket) -> None:
    pass


class _Deadline:
    """Shuts sockets down after some seconds, unless its block has ended before."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._shut_down)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        """Shut this socket down too."""
        self._sockets.append(connection)

    def _shut_down(self) -> None:
        self.is_over = True
        for one in self._sockets:
            with suppress(OSError):
                # Not SSLSocket's own: the thread that reads uses its TLS state. A read then finds the end.
                socket.socket.shutdown(one, socket.SHUT_RDWR)


class _WatchedConnection(HTTPConnection):
    def __init__(self, *args: Any, watch: Watch, **options: Any) -> None:
        super().__init__(*args, **options)
        self._watch = watch

    def connect(self) -> None:
        super().connect()
        self._watch(self.sock)


class _WatchedSecureConnection(HTTPSConnection):
    def __init__(self, *args: Any, watch: Watch, **options: Any) -> None:
        super().__init__(*args, **options)
        self._watch = watch

    def connect(self) -> None:
        super().connect()
        self._watch(self.sock)


class _WatchedHTTP(HTTPHandler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_WatchedConnection, watch=self._watch), req)


class _WatchedHTTPS(HTTPSHandler):
    def __init__(self, tls: ssl.SSLContext, watch: Watch) -> None:
        super().__init__(context=tls)
        self._tls, self._watch = tls, watch

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_WatchedSecureConnection, watch=self._watch), req, context=self._tls)
