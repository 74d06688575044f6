"""`/health/live` on a separate address, answered by a separate thread.

All threads that serve forms can be busy, with slow clients or a slow directory. Without an answer, a supervisor would
then restart a process that works.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

CONNECTION_SECONDS = 2.0
"""How long a client may take to send its request and to read the answer."""
MAX_CONNECTIONS = 64
"""Open at the same time, per process. One more closes the oldest, so slow clients do not block a new one."""
MAX_HEAD_BYTES = 8192
BACKLOG = 128
ALIVE = b'{"status":"alive"}\n'


def bind_liveness(host: str, port: int) -> socket.socket:
    """Return a listening socket, which all processes that are forked from this one share. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


class LivenessThread:
    """A daemon thread with an event loop that answers on `listener`, one per process."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="liveness", daemon=True)

    def start(self) -> None:
        """Start the thread. Call it after the fork: threads do not survive one."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections, and wait up to CONNECTION_SECONDS until the open ones are answered."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(CONNECTION_SECONDS)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        connections = _Connections()
        server = await asyncio.start_server(connections.serve, sock=self._listener, limit=MAX_HEAD_BYTES)
        await self._stopping.wait()
        server.close()
        await connections.finish()


class _Connections:
    """The open connections, oldest first."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], None] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks[task] = None
        self._close_excess()
        try:
            async with asyncio.timeout(CONNECTION_SECONDS):
                await _answer(reader, writer)
        except (
            TimeoutError,
            asyncio.CancelledError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            OSError,
        ):
            writer.transport.abort()
        finally:
            self._tasks.pop(task, None)

    def _close_excess(self) -> None:
        if len(self._tasks) > MAX_CONNECTIONS:
            oldest = next(iter(self._tasks))
            del self._tasks[oldest]
            oldest.cancel()

    async def finish(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(_response(*head.split(b"\r\n", 1)[0].split(b" ")[:2]))
    await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _response(method: bytes, path: bytes = b"") -> bytes:
    if method not in (b"GET", b"HEAD"):
        status, body = b"405 Method Not Allowed\r\nAllow: GET, HEAD", b""
    elif path != b"/health/live":
        status, body = b"404 Not Found", b""
    else:
        status, body = b"200 OK\r\nContent-Type: application/json", ALIVE
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%b" % (
        status,
        len(body),
        b"" if method == b"HEAD" else body,
    )
