"""The command `mamia`, run as an administrator runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import ADMIN, SlapdServer

MAMIA = [sys.executable, "-m", "gateway.cli.main"]


def run_mamia(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run it to its end; the result holds its exit status and what it printed."""
    return subprocess.run([*MAMIA, *map(str, arguments)], capture_output=True, text=True)


class PeopleImport:
    """`mamia people import` on a directory, by its administrator; `folder` keeps the files."""

    def __init__(self, directory: SlapdServer, folder: Path) -> None:
        self._directory, self._folder = directory, folder
        self._password_file = folder / "admin"
        self._password_file.write_text(directory.slapd.password("admin"))

    def __call__(self, content: str | bytes, *options: str, **sections: str) -> subprocess.CompletedProcess[str]:
        """Import `content`, a CSV file's; `sections` are those of `write_settings_file`."""
        config = write_settings_file(self._folder, self._directory, **sections)
        file = self._folder / "staff.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        own = ["--bind-dn", ADMIN, "--bind-password-file", self._password_file]
        return run_mamia("people", "import", file, "--config", config, *own, *options)
