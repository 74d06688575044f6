"""A redis-server of the tests' own, on loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ports import free_port

START_SECONDS = 60


@dataclass
class RedisServer:
    folder: Path
    port: int = field(default_factory=free_port)
    options: dict[str, str] = field(default_factory=dict)
    """More of redis.conf, such as maxmemory."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: make test installs it"
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self.folder,
            "appendonly": "yes",
            # A machine whose disk is busy must not pass for a Redis that can't be reached.
            "appendfsync": "no",
            "logfile": self.folder / "redis.log",
            **self.options,
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", program, *arguments])
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, "redis-server does not start"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def everything(self) -> bytes:
        """All that is stored, as it lies on disk."""
        return b"".join(file.read_bytes() for file in self.folder.rglob("*") if file.is_file())

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False
