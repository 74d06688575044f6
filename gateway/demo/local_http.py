"""A small HTTP server of the demo that takes POST, on a free port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"
MAX_BODY_BYTES = 100_000

Take = Callable[[Message, bytes], HTTPStatus]
"""Takes the headers, whose names may have any case, and the body of a POST, and returns the status of its answer."""


@contextmanager
def post_server(name: str, take: Take) -> Iterator[str]:
    """Answer POST by `take` until the context ends, and yield the server's URL; `name` is that of the thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "0")
            body = self.rfile.read(min(int(length), MAX_BODY_BYTES)) if length.isdecimal() else b""
            self.send_response(take(self.headers, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write no line per request."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name=name, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
