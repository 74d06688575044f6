"""gunicorn's threads, corrected in two points: requests already read, and connections closed under an answer."""

from __future__ import annotations

import selectors
import socket
import time
from collections import OrderedDict
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from gateway.web.overload import queued_seconds

LINGER_SECONDS = 2.0
"""How long a client may go on sending after its answer before its connection is cut."""
MAX_LINGERING = 100
"""Connections at a time, per process. One more cuts the oldest."""
MAX_DISCARDED_BYTES = 1 << 20
"""Of one request's body, after its answer: four times what any request may hold."""
CHUNK_BYTES = 1 << 16


class HttpWorker(ThreadWorker):
    """Threads of gunicorn 25.

    With the end of a body that no page reads, gunicorn may read the client's next request. It then waits until more
    comes, and the client until `keepalive` seconds are over. Version 27 looks at what it has read.

    gunicorn closes a connection while the client's body is still coming in. The kernel then sends a reset, and a
    client that gets one may lose the answer that it has not read: a 413 or 401 looks like a broken network. RFC 9112,
    9.6: close for writing first, and go on reading for a while. This happens in the loop that accepts connections,
    without a thread and without waiting, so that clients which keep their side open hold nobody up.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._lingering: OrderedDict[TConn, _Linger] = OrderedDict()
        self._enqueued_at: dict[TConn, float] = {}
        """When connections were given to the pool of threads, on the monotonic clock."""

    def enqueue_req(self, conn: TConn) -> None:
        self._enqueued_at[conn] = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        queued_seconds.set(time.monotonic() - self._enqueued_at.pop(conn))
        keeps = super().handle(conn)
        queued_seconds.set(0.0)
        parser: Any = conn.parser
        while keeps is True and parser.unreader.buf.tell():
            keeps = super().handle(conn)
        return keeps

    def handle_request(self, req: Any, conn: TConn) -> bool:
        keeps = super().handle_request(req, conn)
        # Else gunicorn would read the rest of the body, however long it is, before the next request.
        return bool(keeps and _ends_soon(req))

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Runs in the main loop."""
        is_over = fs.cancelled() or fs.exception() is not None or fs.result() is False
        if is_over and self._has_begun_to_linger(conn):
            return
        super().finish_request(conn, fs)

    def murder_keepalived(self) -> None:
        """Runs once per turn of the main loop, which comes every second."""
        super().murder_keepalived()
        now = time.monotonic()
        for conn in [conn for conn, linger in self._lingering.items() if linger.deadline <= now]:
            self._end_body(conn)

    def _has_begun_to_linger(self, conn: TConn) -> bool:
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            linger = _Linger(time.monotonic() + LINGER_SECONDS)
            if linger.is_over(conn.sock):
                return False
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._discard, conn))
        except (OSError, ValueError):
            return False
        self._lingering[conn] = linger
        if len(self._lingering) > MAX_LINGERING:
            self._end_body(next(iter(self._lingering)))
        return True

    def _discard(self, conn: TConn, sock: socket.socket) -> None:
        if self._lingering[conn].is_over(sock):
            self._end_body(conn)

    def _end_body(self, conn: TConn) -> None:
        del self._lingering[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


class _Linger:
    """What a connection that was answered may still send."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._left_bytes = MAX_DISCARDED_BYTES

    def is_over(self, sock: socket.socket) -> bool:
        """Throw away what has come in. True once the client has closed, or has sent too much."""
        try:
            while self._left_bytes > 0:
                chunk = sock.recv(CHUNK_BYTES)
                if not chunk:
                    return True
                self._left_bytes -= len(chunk)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


def _ends_soon(request: Any) -> bool:
    """Whether the request's body is short enough to be read to its end. A chunked one has no length."""
    headers = dict(request.headers)
    if "TRANSFER-ENCODING" in headers:
        return False
    return int(headers.get("CONTENT-LENGTH", 0)) <= MAX_DISCARDED_BYTES
