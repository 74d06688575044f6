"""The workers' numbers on a worker's own machine: one small file, replaced as a whole."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path

from gateway.workstation.restored import Numbers

log = logging.getLogger(__name__)

NAME = "restore-token.json"
SHARED = "without-state-folder"
"""The worker's name in processes without a folder: they share a number, so that restarts leave no names behind."""


class TokenFileError(Exception):
    """The file can't be used; the text says why, and names it."""


class NoRecord:
    """A `restored.NumbersRecord` without a folder: the numbers are known until the process ends."""

    worker = SHARED

    def load(self) -> Numbers | None:
        """Return None: nothing is saved."""
        return None

    def save(self, numbers: Numbers) -> None:
        """Do nothing."""


@dataclass(slots=True)
class TokenFile:
    """A `restored.NumbersRecord` in `folder`, which is created if it is missing. Raises TokenFileError."""

    folder: Path
    worker: str = field(init=False)
    _loaded: Numbers | None = field(init=False)
    _is_failing: bool = False

    def __post_init__(self) -> None:
        """Raises TokenFileError."""
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            text = self._file.read_text(errors="replace") if self._file.exists() else ""
            kept = _read(text)
            self.worker, self._loaded = kept or (_new_name(), None)
            self._write(self._loaded or Numbers({}, ""))
        except OSError as error:
            raise TokenFileError(f"workstation.state_folder: {error.filename}: {error.strerror}") from None
        if kept is None:
            why = "cannot be read and is replaced" if text else "is new"
            log.warning("%s %s: a restore before now is not noticed (docs/restore.md)", self._file, why)

    def load(self) -> Numbers | None:
        """Return the numbers that the file held when this object was made, or None for a new file."""
        return self._loaded

    def save(self, numbers: Numbers) -> None:
        """Write `numbers` into the file. A failure is logged once."""
        try:
            self._write(numbers)
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                log.error("%s can't be written: %s", self._file, error.strerror)
            self._is_failing = True

    @property
    def _file(self) -> Path:
        return self.folder / NAME

    def _write(self, numbers: Numbers) -> None:
        """Replace the file as a whole: the old one stays until the new one is on the disk. Raises OSError."""
        new = self.folder / f"{NAME}.{os.getpid()}"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            kept = {"worker": self.worker, "numbers": dict(numbers.of_workers), "server": numbers.server}
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file)


def _read(text: str) -> tuple[str, Numbers | None] | None:
    """Return the worker's name and the numbers; None for a text that `_write` did not write."""
    try:
        kept = json.loads(text)
        worker, numbers, server = kept["worker"], kept["numbers"], kept["server"]
        of_workers = {name: number for name, number in numbers.items() if _is_name(name) and type(number) is int}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    if not _is_name(worker) or not isinstance(server, str) or len(of_workers) != len(numbers):
        return None
    return worker, Numbers(of_workers, server) if of_workers else None


def _is_name(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(r"[\w.-]{1,100}", name, re.ASCII) is not None


def _new_name() -> str:
    host = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname())[:60]
    return f"{host}-{secrets.token_hex(4)}"
