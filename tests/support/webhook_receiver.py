"""A receiver of webhooks, on loopback or elsewhere: it keeps what it got, and answers as a test says."""

from __future__ import annotations

import base64
import hmac
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from tests.support.http_server import POLL_SECONDS, QuietHandler
from tests.support.polling import wait_until


@dataclass(frozen=True)
class Received:
    """One attempt, as it came."""

    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    def is_signed_by(self, secret: str) -> bool:
        """Standard Webhooks, "Verifying signatures", without anybody's library."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        return expected in self.headers["webhook-signature"].split(" ")


@dataclass
class WebhookReceiverServer:
    """`answers`: the status of the next answers, in turn; 204 afterwards. 0 hangs until the server stops."""

    answers: list[int] = field(default_factory=list)
    hangs_for: str = ""
    """A text: attempts whose body contains it hang."""
    drips: bool = False
    """Send one byte of the answer now and then, for ever."""
    got: list[Received] = field(default_factory=list)
    port: int = 0
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    """Serves HTTPS by it."""
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mamia"

    def types(self) -> list[str]:
        return [one.event["type"] for one in self.got]

    def first(self, kind: str) -> Received:
        """The first event of a type, once it is there."""
        wait_until(lambda: kind in self.types())
        return next(one for one in self.got if one.event["type"] == kind)

    def take(self, handler: QuietHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.got.append(Received(headers, body, time.time()))
        status = self.answers.pop(0) if self.answers else 204
        if self.drips:
            self._drip(handler)
            return
        if status == 0 or (self.hangs_for and self.hangs_for in body.decode()):
            self._over.wait()
            return
        handler.send_response(status)
        if 300 <= status < 400:
            handler.send_header("Location", f"{self.url}/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _drip(self, handler: QuietHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 204 No Content\r\nX-Slow: ")
        while not self._over.wait(0.2):
            try:
                handler.wfile.write(b"a")
                handler.wfile.flush()
            except OSError:
                return


@contextmanager
def receiving(receiver: WebhookReceiverServer) -> Iterator[WebhookReceiverServer]:
    """Serve for as long as the block lasts, at `receiver.port` or at a free one."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            receiver.take(self)

        do_GET = do_POST  # what followed a redirect would come as GET
        do_OPTIONS = do_POST

    server = ThreadingHTTPServer((receiver.host, receiver.port), Handler)
    if receiver.tls:
        server.socket = receiver.tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS})
    thread.start()
    try:
        yield receiver
    finally:
        receiver._over.set()
        server.shutdown()
        thread.join()
        server.server_close()
