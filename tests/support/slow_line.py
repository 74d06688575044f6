"""A line as a phone has it far from a town: so many bits a second for all connections together, and a round trip."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 1024


@contextmanager
def slow_line(port: int, *, bits_per_second: int, round_trip_seconds: float) -> Iterator[int]:
    """Yields a port of 127.0.0.1 that leads to `port`. Opening a connection costs no round trip of its own."""
    loop = asyncio.new_event_loop()
    # In a thread of its own: that of Playwright has a loop already.
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    line = _Line(port, bits_per_second / 8, round_trip_seconds / 2)
    listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(line.connect, "127.0.0.1", 0), loop).result()
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(listening: asyncio.Server) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class _Line:
    def __init__(self, port: int, bytes_per_second: float, one_way_seconds: float) -> None:
        self._port = port
        self._bytes_per_second = bytes_per_second
        self._one_way_seconds = one_way_seconds
        self._free_at = 0.0
        """When the last byte that is waiting will have left the line."""

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._port)
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(
                self._carry(reader, upstream_writer, limited=False),
                self._carry(upstream_reader, writer, limited=True),
            )

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, limited: bool) -> None:
        loop = asyncio.get_running_loop()
        on_its_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                at, data = await on_its_way.get()
                await asyncio.sleep(max(0.0, at - loop.time()))
                if not data:
                    sink.close()
                    return
                sink.write(data)
                await sink.drain()

        delivery = asyncio.ensure_future(deliver())
        data = b"-"
        while data:
            data = await source.read(CHUNK_BYTES)
            left_at = loop.time()
            if limited:
                self._free_at = max(self._free_at, left_at) + len(data) / self._bytes_per_second
                left_at = self._free_at
                await asyncio.sleep(max(0.0, left_at - loop.time()))
            await on_its_way.put((left_at + self._one_way_seconds, data))
        await delivery
