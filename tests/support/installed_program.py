"""The program as it is installed, below a folder of the test: `mamia` in the PATH, and units that start for real.

systemd is not there. A `systemctl` in its place starts what ExecStart of deploy/systemd/ says.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.dialogue import TerminalRun, run_at_terminal
from tests.support.polling import wait_until

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
PAGE = ROOT / "docs" / "install.md"
SECTION = "## 2. Set it up"
STOP_SECONDS = 30
SYSTEMCTL = """#!/bin/sh
exec {python} -m tests.support.installed_program "$@"
"""


def page_commands(page: Path = PAGE, section: str = SECTION) -> list[str]:
    """The commands of one section of a page: its lines of code, one command each."""
    text = page.read_text().partition(f"\n{section}\n")[2]
    assert text, f"{page} has no section {section}"
    body = re.split(r"^## ", text, maxsplit=1, flags=re.MULTILINE)[0]
    body = re.sub(r"^```.*?^```", "", body, flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for line in body.splitlines() if re.match(r" {4}\S", line)]


@dataclass
class InstalledProgram:
    """Everything is below `root`: etc/mamia, run, var, and bin with the commands."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in ("bin", "etc/mamia", "run/slapd", "var/lib"):
            (self.root / folder).mkdir(parents=True)
        self._command("mamia", f'#!/bin/sh\nexec {sys.executable} -m gateway.cli.main "$@"\n')
        self._command("systemctl", SYSTEMCTL.format(python=sys.executable))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MAMIA_")},
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "MAMIA_CONFIG": str(self.config),
            **self.environment,
        }

    @property
    def config(self) -> Path:
        """The settings, which name every other path."""
        return self.root / "etc/mamia/mamia.toml"

    def run(self, command: str, answers: Mapping[str, str | list[str]] | None = None) -> TerminalRun:
        """Run a line of a page as a shell does, at a terminal, in the folder that the administrator is in."""
        return run_at_terminal(["sh", "-c", f"cd {self.root} && exec {command}"], answers or {}, self.environment)

    def setup(self, *options: object) -> subprocess.CompletedProcess[str]:
        """Run `mamia setup` without a terminal."""
        command = [str(self.root / "bin/mamia"), "setup", *map(str, options)]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, stdin=subprocess.DEVNULL)

    def stop(self) -> None:
        """End what `systemctl` started."""
        for file in (self.root / "run").glob("*.pid"):
            process = int(file.read_text())
            try:
                os.kill(process, signal.SIGTERM)
                deadline = time.monotonic() + STOP_SECONDS
                while time.monotonic() < deadline and _lives(process):
                    time.sleep(0.05)
                os.killpg(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
            file.unlink()

    def log(self, unit: str) -> str:
        return (self.root / "run" / f"{unit}.log").read_text()

    def _command(self, name: str, text: str) -> None:
        file = self.root / "bin" / name
        file.write_text(text)
        file.chmod(0o755)


def start_unit(unit: str, root: Path) -> None:
    """Start the command of a unit below `root`, with the unit's variables, and wait until it is ready."""
    lines = (UNITS / unit).read_text().splitlines()
    [command] = [line.partition("=")[2] for line in lines if line.startswith("ExecStart=")]
    variables = dict(line.partition("=")[2].split("=", 1) for line in lines if line.startswith("Environment="))
    variables = {name: str(root) + value for name, value in variables.items()}
    words = shlex.split(command.replace("/opt/mamia/bin/", str(root / "bin") + "/"))
    with (root / "run" / f"{unit}.log").open("ab") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, **variables},
        )  # fmt: skip
    (root / "run" / f"{unit}.pid").write_text(str(process.pid))
    if "Type=notify" in lines:
        wait_until(lambda: _answers(root / "run/mamia-capture.sock"))


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _lives(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def main() -> None:
    """Be `systemctl enable --now UNIT…`; a socket's listener makes the socket itself."""
    root = Path(os.environ["MAMIA_CONFIG"]).parents[2]
    assert sys.argv[1:3] == ["enable", "--now"], sys.argv
    for unit in sys.argv[3:]:
        if unit.endswith(".service"):
            start_unit(unit, root)


if __name__ == "__main__":
    main()
