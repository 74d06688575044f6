"""Commands on a terminal of their own."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Sequence
from threading import Thread

ROWS = 40


def run_on_a_terminal(command: Sequence[str], *, columns: int = 80, **environment: str) -> str:
    """What a terminal of `columns` columns gets from standard output and standard error of the command."""
    leader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    known = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    received: list[bytes] = []
    # It reads all the time, since a terminal that nobody reads stops the command.
    reader = Thread(target=_read_to_the_end, args=(leader, received))
    reader.start()
    environment = {**known, "TERM": "xterm", **environment}
    subprocess.run(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    reader.join()
    os.close(leader)
    return b"".join(received).decode().replace("\r\n", "\n")


def _read_to_the_end(leader: int, received: list[bytes]) -> None:
    try:
        while part := os.read(leader, 65536):
            received.append(part)
    except OSError:  # Linux says so that the other end is closed.
        return
