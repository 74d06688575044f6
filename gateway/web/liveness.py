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
PAUSE_SECONDS = 0.5
"""How long no connection is accepted after a failure such as a lack of file descriptors."""
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
        self._connections = _Connections()
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
        self._listener.setblocking(False)
        self._listen()
        await self._stopping.wait()
        self._loop.remove_reader(self._listener)
        # From here on the other processes accept: the socket is theirs too.
        await self._connections.finish()
        self._listener.close()

    def _listen(self) -> None:
        if not self._stopping.is_set():
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        """Accept a connection, and count it as open in the same step: asyncio's own server counts it later."""
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            # Another process was faster, or the client has gone.
            return
        except OSError:
            # No file descriptor is free, and the socket stays readable.
            self._loop.remove_reader(self._listener)
            self._loop.call_later(PAUSE_SECONDS, self._listen)
            return
        self._connections.take(connection)


class _Connections:
    """The open connections, oldest first."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], None] = {}

    def take(self, connection: socket.socket) -> None:
        """Answer the connection in a task, and close the oldest one if there are too many."""
        task = asyncio.get_running_loop().create_task(_serve_connection(connection))
        self._tasks[task] = None
        task.add_done_callback(self._forget)
        # Also for a task that is cancelled before it begins.
        task.add_done_callback(lambda _: connection.close())
        if len(self._tasks) > MAX_CONNECTIONS:
            oldest = next(iter(self._tasks))
            self._forget(oldest)
            oldest.cancel()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)

    async def finish(self) -> None:
        """Wait until the open connections are answered."""
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _serve_connection(connection: socket.socket) -> None:
    try:
        async with asyncio.timeout(CONNECTION_SECONDS):
            reader, writer = await asyncio.open_connection(sock=connection, limit=MAX_HEAD_BYTES)
            try:
                await _answer(reader, writer)
            except BaseException:
                writer.transport.abort()
                raise
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return


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
