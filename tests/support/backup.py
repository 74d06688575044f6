"""A backup of a real slapd, made and restored with its own tools, or as a copy of its database's files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.slapd_server import SlapdServer

DATABASE = "1"
"""The number of the annuaire's database, after cn=config."""
FILE = "data.mdb"


class LdifBackup:
    """By slapcat while slapd runs, and slapadd into an emptied folder."""

    def __init__(self, server: SlapdServer, folder: Path) -> None:
        self._server = server
        self._file = folder / "backup.ldif"
        self._run("slapcat", "-l", str(self._file))

    def restore(self) -> None:
        self._server.slapd.stop()
        for file in (self._server.slapd.state / "data").iterdir():
            file.unlink()
        self._run("slapadd", "-q", "-w", "-l", str(self._file))
        self._server.slapd.start()

    def _run(self, program: str, *arguments: str) -> None:
        config = self._server.slapd.state / "config"
        environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
        command = [program, "-n", DATABASE, "-F", str(config), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr


class FileBackup:
    """By a copy of the database's file while slapd is stopped."""

    def __init__(self, server: SlapdServer, folder: Path) -> None:
        self._server = server
        self._copy = folder / FILE
        server.slapd.stop()
        shutil.copy(self._file, self._copy)
        server.slapd.start()

    def restore(self) -> None:
        self._server.slapd.kill()
        shutil.copy(self._copy, self._file)
        self._server.slapd.start()

    @property
    def _file(self) -> Path:
        return self._server.slapd.state / "data" / FILE


BACKUPS = (LdifBackup, FileBackup)
