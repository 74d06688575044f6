"""The listener's socket and its integration with systemd (sd_listen_fds(3), sd_notify(3))."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from gateway.capture.sock_server import BACKLOG, SockServer
from gateway.service_manager import sd_notify

FIRST_INHERITED = 3
"""First file descriptor that systemd passes (sd_listen_fds(3))."""
SOCKET_MASK = 0o117
"""Umask of the socket: only its owner and group may connect, because a client could report passwords of its own
choice."""


def inherited_socket() -> socket.socket | None:
    """Return the socket that systemd keeps for this process, so that slapd waits during a restart.

    Returns None if there is none.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        return None
    return socket.socket(fileno=FIRST_INHERITED)


def bind_socket(path: Path) -> socket.socket:
    """Bind a socket at `path`, and replace one that a stopped listener left there. Raises OSError."""
    listening, probe = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    with probe:
        if probe.connect_ex(str(path)) == 0:
            raise OSError("another process listens there already")
    if path.is_socket():
        path.unlink()
    mask = os.umask(SOCKET_MASK)
    try:
        listening.bind(str(path))
    finally:
        os.umask(mask)
    listening.listen(BACKLOG)
    return listening


async def serve_until_stopped(
    sock_server: SockServer, listening: socket.socket, finish: Callable[[], Awaitable[None]]
) -> None:
    """Answer until SIGTERM or SIGINT, and then until `finish` returns, because its own writes are reported too."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await sock_server.open(listening)
    sd_notify("READY=1")
    while not stop.is_set():
        sd_notify("WATCHDOG=1")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _watchdog_seconds() / 2)
    sd_notify("STOPPING=1")
    await finish()
    await sock_server.close(server)


def _watchdog_seconds() -> float:
    return int(os.environ.get("WATCHDOG_USEC", "60000000")) / 1e6
