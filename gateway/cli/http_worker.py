"""gunicorn's threaded worker, with less to do between two requests, and three corrections."""

from __future__ import annotations

import math
import select
import selectors
import socket
import time
from collections import OrderedDict
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from gateway.web.overload import queued_seconds

DRAIN_SECONDS = 3.0
"""How long idle connections stay open when a process ends: longer than nginx keeps them (deploy/nginx/mamia.conf)."""
LINGER_SECONDS = 2.0
"""How long a client may go on sending after its answer before its connection is closed."""
NEXT_REQUEST_MS = 5
"""How long a thread waits for the next request of its connection before it gives the connection back."""
MAX_LINGERING = 100
"""Connections at a time, per process. One more closes the oldest."""
MAX_DISCARDED_BYTES = 1 << 20
"""Maximum bytes of one request's body that are read after its answer: four times what any request may hold."""
CHUNK_BYTES = 1 << 16


class HttpWorker(ThreadWorker):
    """The threaded worker of gunicorn 25, with one saving and three corrections.

    The saving: gunicorn passes a connection to a thread for one request, and takes it back. Both wake another thread
    up, which costs as much as a simple page. Here a thread keeps the connection while requests follow one another,
    as those of a busy proxy do, unless another connection waits for a thread.

    First: together with the end of a body that no page reads, gunicorn may read the client's next request. It then
    waits for more bytes, and the client waits until `keepalive` seconds are over. This class handles what was read
    already, as version 27 does.

    Second: gunicorn closes a connection while the client still sends its body. The kernel then sends a reset, and the
    client may lose an answer that it has not read yet: a 413 or 401 looks like a broken network. RFC 9112, 9.6, says
    to close for writing first, and to go on reading for a while. This class does so in the loop that accepts
    connections, without a thread and without waiting, so that slow clients delay nobody.

    Third: when a process ends, gunicorn leaves clients that the kernel has connected already waiting until its last
    request is over, and then resets them. It also closes connections that it just promised to keep. A proxy does not
    send a form a second time, so both lose one. This class takes the waiting clients in, closes the listening socket
    at once, so that the proxy turns to another front end, and keeps idle connections until the proxy closed them.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._lingering: OrderedDict[TConn, _Linger] = OrderedDict()
        self._enqueued_at: dict[TConn, float] = {}
        """When each connection was passed to the pool of threads, in seconds of the monotonic clock."""

    def enqueue_req(self, conn: TConn) -> None:
        """Note the time, and pass the connection to the pool of threads."""
        self._enqueued_at[conn] = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Serve the requests of the connection that were read already; runs in a thread of the pool.

        Returns what gunicorn returns: True if the connection is kept open. Sets `queued_seconds` to the time that
        the first request waited for a thread.
        """
        queued_seconds.set(time.monotonic() - self._enqueued_at.pop(conn))
        keeps = super().handle(conn)
        queued_seconds.set(0.0)
        parser: Any = conn.parser
        while keeps is True and (parser.unreader.buf.tell() or self._has_next(conn)):
            keeps = super().handle(conn)
        return keeps

    def _has_next(self, conn: TConn) -> bool:
        """Return whether the connection's next request begins soon. False if others need this thread."""
        if self._enqueued_at or not self.alive:
            return False
        poll = select.poll()
        poll.register(conn.sock, select.POLLIN)
        return bool(poll.poll(NEXT_REQUEST_MS))

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Serve one request, and return whether the connection may serve another one."""
        keeps = super().handle_request(req, conn)
        # Otherwise gunicorn would read the rest of the body, however long it is, before the next request.
        return bool(keeps and _ends_soon(req))

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Close or keep the connection, but let the client finish its body first; runs in the main loop."""
        is_over = fs.cancelled() or fs.exception() is not None or fs.result() is False
        if is_over and self._has_begun_to_linger(conn):
            return
        if not is_over and not self.alive and fs.result() is True:
            # The answer was sent before the end began, and said that the connection stays open.
            self._keep_while_draining(conn)
            return
        super().finish_request(conn, fs)

    def set_accept_enabled(self, enabled: bool | None) -> None:
        """Accept new connections or not. At the end of the process, begin to drain."""
        if not self.alive and not enabled:
            for listener in self.sockets:
                self._accept_waiting(listener)
        super().set_accept_enabled(enabled)
        if not self.alive and not enabled:
            for listener in self.sockets:
                listener.close()
            for conn in self.keepalived_conns:
                conn.timeout = min(conn.timeout or math.inf, time.monotonic() + DRAIN_SECONDS)

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Handle what happens within `timeout` seconds, but return after one: gunicorn then closes what is idle."""
        super().wait_for_and_dispatch_events(1.0 if timeout is None else min(timeout, 1.0))

    def murder_keepalived(self) -> None:
        """Close idle connections, and those whose LINGER_SECONDS are over; runs in the main loop, every second."""
        super().murder_keepalived()
        now = time.monotonic()
        for conn in [conn for conn, linger in self._lingering.items() if linger.deadline <= now]:
            self._end_body(conn)

    def _accept_waiting(self, listener: Any) -> None:
        """Take in every client that the kernel has connected already."""
        before = -1
        while before != self.nr_conns:
            before = self.nr_conns
            self.accept(listener)

    def _keep_while_draining(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + DRAIN_SECONDS
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

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
    """The time and the bytes that are left to a client that was answered and still sends."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._left_bytes = MAX_DISCARDED_BYTES

    def is_over(self, sock: socket.socket) -> bool:
        """Discard what has arrived. Return True once the client has closed, or has sent too much."""
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
    """Return whether the request's body is short enough to be read to its end. A chunked body has no known length."""
    length = 0
    for name, value in request.headers:
        if name == "TRANSFER-ENCODING":
            return False
        if name == "CONTENT-LENGTH":
            length = int(value)
    return length <= MAX_DISCARDED_BYTES
