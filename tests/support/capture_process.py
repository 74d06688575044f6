"""`mamia capture` as a process of its own, beside a slapd that reports its writes to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.polling import freeze, wait_until
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SUFFIX, SlapdServer

START_SECONDS = 60


@dataclass
class CaptureProcess:
    """Listens at `folder`/s: the path of a socket must be short."""

    folder: Path
    config: Path
    environment: dict[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    """A command that starts it."""
    inherited: Sequence[int] = ()
    """File descriptors that it is to have."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    @property
    def log(self) -> str:
        return (self.folder / "capture.log").read_text()

    def wait_for_log(self, text: str) -> None:
        """Wait until `text` is in the log: a thread of the process writes it, maybe after slapd has its answer."""
        wait_until(lambda: text in self.log)

    @property
    def audit(self) -> list[dict[str, object]]:
        file = self.folder / "capture-audit.log"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises AssertionError with its log where it ends before that.
        """
        self._spawn()
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.is_running, self.log
            assert time.monotonic() < deadline, "mamia capture does not start"
            time.sleep(0.05)

    def run_to_its_end(self) -> int:
        """Start it, wait until it ends without being stopped, and return its exit status."""
        process = self._spawn()
        try:
            return process.wait(START_SECONDS)
        finally:
            self.kill()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [*self.before, sys.executable, "-m", "gateway.cli.main", "capture", "--config", str(self.config)]
        environment = {
            **os.environ,
            "MAMIA_AUDIT__DESTINATION": "file",
            "MAMIA_AUDIT__FILE": str(self.folder / "capture-audit.log"),
        }
        with (self.folder / "capture.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stderr=log, env={**environment, **self.environment}, pass_fds=tuple(self.inherited)
            )
        return self._process

    def status(self, mark: str = "none") -> dict[str, object]:
        status: dict[str, object] = json.loads(self.say(f"STATUS\nmark: {mark}\n\n".encode()))
        return status

    def wait_until_idle(self) -> None:
        """Wait until no change that slapd has reported is on its way: slapd reports before it answers."""
        wait_until(lambda: self.status()["held"] == 0)

    def say(self, text: bytes) -> bytes:
        """What it answers; empty where it closes without a word."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            line.connect(str(self.socket))
            line.sendall(text)
            return line.recv(1 << 16)

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    def suspend(self) -> None:
        """Until SIGCONT."""
        assert self._process
        freeze(self._process.pid)

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """As systemd stops it; twice does no harm."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        code = self._process.wait(60)
        self._process = None
        return code

    def _answers(self) -> bool:
        try:
            return bool(self.status())
        except OSError:
            return False


def write_capture_settings(folder: Path, directory: SlapdServer, targets: str, in_people: str = "") -> Path:
    """A settings file for all processes; `targets` is the TOML of [workstation.targets.*]."""
    (folder / "sync").write_text(directory.slapd.password("sync"))
    (folder / "capture").write_text(directory.slapd.password("capture"))
    more = f"""
[captcha]
required = []
[capture]
socket = "{folder}/s"
bind_dn = "cn=capture,ou=services,{SUFFIX}"
bind_password_file = "{folder}/capture"
[workstation]
public_key_file = "{folder}/worker.pub"
private_key_files = ["{folder}/worker.key"]
bind_dn = "cn=sync,ou=services,{SUFFIX}"
bind_password_file = "{folder}/sync"
poll_seconds = 0.1
{targets}"""
    return write_settings_file(folder, directory, in_web="secure_cookies = false", in_people=in_people, more=more)
