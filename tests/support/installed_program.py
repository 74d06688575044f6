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

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
PAGE = ROOT / "docs" / "install.md"
SECTION = "## 2. Set it up"
START_SECONDS, STOP_SECONDS = 120, 30
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
            stop_unit(file.stem, self.root)

    def log(self, unit: str) -> str:
        return (self.root / "run" / f"{unit}.log").read_text()

    def _command(self, name: str, text: str) -> None:
        file = self.root / "bin" / name
        file.write_text(text)
        file.chmod(0o755)


def start_unit(unit: str, root: Path) -> None:
    """Start the command of a unit below `root`, with the unit's variables, and wait until it is ready."""
    lines = (UNITS / unit).read_text().splitlines()
    variables = dict(line.partition("=")[2].split("=", 1) for line in lines if line.startswith("Environment="))
    variables = {name: str(root) + value for name, value in variables.items()}
    with (root / "run" / f"{unit}.log").open("ab") as log, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        # A name that the kernel makes up (unix(7)): a path below `root` may be too long.
        ready.bind("")
        process = subprocess.Popen(
            _command_of(unit, "ExecStart", root), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
            env={**os.environ, **variables, "NOTIFY_SOCKET": ready.getsockname().decode().replace("\0", "@")},
        )  # fmt: skip
        (root / "run" / f"{unit}.pid").write_text(str(process.pid))
        if "Type=notify" in lines:
            ready.settimeout(START_SECONDS)
            while b"READY=1" not in ready.recv(4096):
                pass


def stop_unit(unit: str, root: Path) -> None:
    """End what `start_unit` started."""
    file = root / "run" / f"{unit}.pid"
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


def reload_unit(unit: str, root: Path) -> None:
    """Run what the unit says about a reload; a program that is not ours gets SIGHUP."""
    process = (root / "run" / f"{unit}.pid").read_text()
    if (UNITS / unit).exists():
        command = [word.replace("$MAINPID", process) for word in _command_of(unit, "ExecReload", root)]
        subprocess.run(command, check=True)
    else:
        os.kill(int(process), signal.SIGHUP)


def _command_of(unit: str, key: str, root: Path) -> list[str]:
    lines = (UNITS / unit).read_text().splitlines()
    [command] = [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]
    return shlex.split(command.replace("/opt/mamia/bin/", str(root / "bin") + "/"))


def _lives(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def main() -> None:
    """Be `systemctl enable --now`, `start`, `stop`, `restart`, `try-restart` or `reload` with units.

    A socket's listener makes the socket itself.
    """
    root = Path(os.environ["MAMIA_CONFIG"]).parents[2]
    verb, *units = [word for word in sys.argv[1:] if word != "--now"]
    for unit in [name if "." in name else f"{name}.service" for name in units]:
        if not unit.endswith(".service"):
            continue
        runs = (root / "run" / f"{unit}.pid").exists()
        if runs and verb in ("stop", "restart", "try-restart"):
            stop_unit(unit, root)
        if verb in ("enable", "start", "restart") or (runs and verb == "try-restart"):
            start_unit(unit, root)
        if verb == "reload":
            reload_unit(unit, root)


if __name__ == "__main__":
    main()
