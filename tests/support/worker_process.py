"""The gateway's settings with a real domain as target, and real `mamia sync` processes on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.demo.private_samba import PEOPLE, REALM, SERVICE, PrivateSamba
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SlapdServer
from tests.support.workstation_settings import worker_section


def write_settings(folder: Path, directory: SlapdServer, dc: PrivateSamba, lease_seconds: float = 2) -> Path:
    """A settings file for both processes; its secrets are in the same folder."""
    more = f"""
[captcha]
required = []
[audit]
destination = "file"
file = "{folder}/audit.log"
{worker_section(folder, directory)}
lease_seconds = {lease_seconds}
poll_seconds = 0.1
[workstation.targets.domain]
type = "active_directory"
label = "Poste de travail"
servers = ["{dc.url}"]
ca_file = "{dc.authority}"
bind_dn = "{SERVICE}@{REALM.lower()}"
bind_password_file = "{dc.password_file(SERVICE)}"
base = "{PEOPLE}"
connect_timeout_seconds = 20
receive_timeout_seconds = 20
"""
    return write_settings_file(
        folder,
        directory,
        in_web="secure_cookies = false",
        more=more,
    )


@dataclass
class WorkerProcess:
    config: Path
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: Sequence[str] = (sys.executable, "-m", "gateway.cli.main")
    """By default the `mamia` of this repository."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.program, "sync", "--config", str(self.config)],
                stderr=log,
                env={**os.environ, **self.environment},
            )

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)

    def stop(self) -> None:
        """As an operator stops it; twice does no harm."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(60)
            self._process = None
