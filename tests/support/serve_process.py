"""`mamia serve` as a process of its own, and people who use whichever of several answers."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Self

import requests

from tests.support.ports import free_port

START_SECONDS = 120


@dataclass
class ServeProcess:
    """On `port`, with the settings file `config`, which names that port."""

    config: Path
    port: int
    log: Path | None = None
    """Where its standard error goes; by default to that of the tests."""
    options: Sequence[str] = ()
    """More options of the command."""
    program: Sequence[str] = (sys.executable, "-m", "gateway.cli.main")
    """By default the `mamia` of this repository."""
    health_port: int = field(default=0, init=False)
    """Of the address for its supervisor, as the settings name it; 0 without one."""
    dying: tuple[float, float] | None = field(default=None, init=False)
    """From when to when on the monotonic clock it was being killed."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @classmethod
    def on_a_free_port(cls, configure: Callable[[int], Path]) -> Self:
        """`configure` writes the settings file for the port that it is given."""
        port = free_port()
        return cls(configure(port), port)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def health_address(self) -> str:
        """Of the page that says whether the process is alive."""
        assert self.health_port, "no test said which port it has"
        return f"http://127.0.0.1:{self.health_port}/health/live"

    def start(self) -> None:
        """Start it, and wait until people could be served."""
        self.begin()
        assert self._process
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, "mamia serve ended at once; its own output says why"
            assert time.monotonic() < deadline, "mamia serve does not start"
            time.sleep(0.1)

    def begin(self) -> None:
        """Start it, and wait for nothing."""
        command = [*self.program, "serve", "--config", str(self.config), *self.options]
        with self.log.open("ab") if self.log else nullcontext() as errors:
            self._process = subprocess.Popen(command, start_new_session=True, stderr=errors)

    def send(self, number: signal.Signals) -> None:
        """To gunicorn's parent."""
        assert self._process
        self._process.send_signal(number)

    @property
    def pid(self) -> int:
        """Of gunicorn's parent."""
        assert self._process
        return self._process.pid

    @property
    def children(self) -> set[int]:
        """The processes that serve now."""
        assert self._process
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return {int(number) for number in listed.split()}

    def wake(self, process: int) -> None:
        """One of `children` that was frozen."""
        os.kill(process, signal.SIGCONT)

    def kill(self) -> None:
        """gunicorn's parent and its workers, as the kernel kills them when memory is short."""
        assert self._process
        began = time.monotonic()
        subprocess.run(["pkill", "-9", "-s", str(self._process.pid)], check=False)
        self._process.wait()
        while self._takes_connections():
            time.sleep(0.01)
        self.dying = began, time.monotonic()
        self._process = None

    def stop(self) -> None:
        """As systemd stops it; twice, or after `kill`, does no harm."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
            self._process = None

    def _takes_connections(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _is_ready(self) -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(self.address + "/health/ready", timeout=60).ok
        return False


def fields_of(page: str) -> dict[str, str]:
    """The names and values of the page's fields, hidden ones too."""
    found = {}
    for field_ in re.findall(r"<input[^>]*>", page):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', field_))
        found[attributes.get("name", "")] = unescape(attributes.get("value", ""))
    return found
