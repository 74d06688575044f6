"""`mamia serve` as a process of its own, and people who use whichever of several answers."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests
from directory_server import free_port

START_SECONDS = 30


@dataclass
class FrontEnd:
    """On `port`, with the settings file `config`, which names that port."""

    config: Path
    port: int = field(default_factory=free_port)
    killed_at: float | None = field(default=None, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "gateway.cli.main", "serve", "--config", str(self.config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert time.monotonic() < deadline, "mamia serve does not start"
            time.sleep(0.1)

    def kill(self) -> None:
        """gunicorn's parent and its workers, as the kernel kills them when memory is short."""
        assert self._process
        self.killed_at = time.monotonic()
        subprocess.run(["pkill", "-9", "-s", str(self._process.pid)], check=False)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """As systemd stops it; twice, or after `kill`, does no harm."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def _is_ready(self) -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(self.address + "/health/ready", timeout=5).ok
        return False


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, page[:500]
    return found.group(1)
