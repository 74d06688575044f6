"""A machine in which mistakes are planted: settings, files and servers beside the directory."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.checks import process_users
from gateway.settings import Settings
from tests.support.gateway_settings import settings_for

FOREIGN_USER = "daemon"
"""A user of every machine, who is not root: stands for the web service's in these tests."""
WORKERS_USER = "nobody"
"""Another one: stands for the worker's."""


class _NoDirectory:
    """What the settings need of a directory that no check of the machine asks."""

    url = "ldap://127.0.0.1:1"

    class slapd:  # noqa: N801 - a name of SlapdServer
        @staticmethod
        def password(name: str) -> str:
            return f"password-of-{name}"


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that the processes' users may enter: pytest closes its own ones to them, again at each run."""
    with tempfile.TemporaryDirectory(prefix="mamia-planted-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


class PlantedMachine:
    """A folder and settings; `sections` are those with which everything is well."""

    def __init__(self, folder: Path, **sections: dict[str, Any]) -> None:
        self.folder = folder
        folder.chmod(0o755)
        self._good = sections
        self._sections = {name: dict(values) for name, values in sections.items()}
        self._undo: list[Callable[[], object]] = []
        self.environment = pytest.MonkeyPatch()

    @property
    def settings(self) -> Settings:
        return settings_for(_NoDirectory, **self._sections)  # type: ignore[arg-type]

    def set(self, section: str, **values: Any) -> None:
        """Change the settings; None takes a setting out."""
        known = self._sections.setdefault(section, {})
        known.update(values)
        for name in [name for name, value in values.items() if value is None]:
            del known[name]

    def file(self, name: str, text: str | bytes = "secret", *, mode: int = 0o600, owner: str = "") -> Path:
        """Make a file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        if owner:
            self.run("chown", owner, path)
        return path

    def made(self, name: str, *, mode: int = 0o755, owner: str = "") -> Path:
        """Make a folder below the folder."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if owner:
            self.run("chown", owner, path)
        return path

    def run(self, *command: object) -> None:
        """Run what a hint says."""
        subprocess.run([str(word) for word in command], check=True, capture_output=True)

    def shell(self, command: str) -> None:
        """Run what a hint says, in a shell."""
        subprocess.run(command, shell=True, check=True, capture_output=True)

    def give_processes_users(self) -> None:
        """Let this machine have users for the web service and the worker."""
        self.environment.setattr(
            process_users, "NAMES", {process_users.WEB: FOREIGN_USER, process_users.WORKER: WORKERS_USER}
        )

    def small_disk(self, name: str, size: str) -> Path:
        """Mount a file system of `size` on a folder below the folder."""
        path = self.made(name, mode=0o777)
        self.run("mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", path)
        self._undo.append(lambda: self.run("umount", "-l", path))
        return path

    def later(self, undo: Callable[[], object]) -> None:
        """Do this when the machine is restored."""
        self._undo.append(undo)

    def restore(self) -> None:
        self.environment.undo()
        while self._undo:
            self._undo.pop()()
        self._sections = {name: dict(values) for name, values in self._good.items()}
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
