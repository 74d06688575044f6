"""Processor time of a page in the web process, rendered for each request and kept for everybody, both in turn.

No HTTP server: the WSGI application is called. One site has a template that looks at requests, so it keeps nothing.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from gateway.app import create_app
from gateway.composition.web import build_gateway
from tests.bench.figures import record
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.gateway_settings import settings_for
from tests.support.slapd_server import SlapdServer

PAGES = {"home": "/", "find": FIND, "reset": RESET, "change": CHANGE, "help": "/assistance"}
REQUESTS = 100
ROUNDS = 9
BROWSER = {
    "HTTP_HOST": "localhost",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "HTTP_ACCEPT_LANGUAGE": "fr-FR,fr;q=0.9,en;q=0.5",
    "REMOTE_ADDR": "192.0.2.7",
}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        directory = SlapdServer(folder / "slapd")
        try:
            looking = folder / "templates"
            looking.mkdir()
            (looking / "unused.html").write_text("{{ request.args }}")
            measure(site(directory, templates=looking), site(directory))
        finally:
            directory.slapd.stop()


def site(directory: SlapdServer, **web: Any) -> Flask:
    return create_app(build_gateway(settings_for(directory, web=web)))


def measure(anew: Flask, kept: Flask) -> None:
    for title, path in PAGES.items():
        cookies = {app: session(app, path) for app in (anew, kept)}
        rounds = [[milliseconds(app, path, cookies[app]) for app in (anew, kept)] for _ in range(ROUNDS)]
        before, after = zip(*rounds, strict=True)
        record(f"page {title}, rendered for each request", before, "ms of processor time")
        record(f"page {title}, kept", after, "ms of processor time")
        record(f"page {title}, kept / rendered", [new / old for old, new in rounds], at_most=0.2)


def session(app: Flask, path: str) -> str:
    """The cookie of somebody who opened the page before; empty for a page that sets none."""
    _status, headers = answer(app, path, {})
    return str(dict(headers).get("Set-Cookie", "")).partition(";")[0]


def milliseconds(app: Flask, path: str, cookie: str) -> float:
    started = time.process_time()
    for _ in range(REQUESTS):
        status, _headers = answer(app, path, {"HTTP_COOKIE": cookie})
        assert status == "200 OK"
    return 1000 * (time.process_time() - started) / REQUESTS


def answer(app: Flask, path: str, more: Mapping[str, str]) -> tuple[str, list[tuple[str, str]]]:
    head: list[Any] = []
    server = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO()}
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.errors": sys.stderr, **server, **BROWSER, **more}
    body = app.wsgi_app(environ, lambda status, headers, _error=None: head.extend((status, headers)) or len)  # type: ignore[func-returns-value]
    assert b"".join(body)
    body.close()  # type: ignore[attr-defined]
    return head[0], head[1]


if __name__ == "__main__":
    main()
