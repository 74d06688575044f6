"""What became of the reloads of a running `mamia serve`, for `mamia reload`.

The record is a file in memory (memfd_create(2)) that the service holds open. It needs no folder that the service may
write to, and ends with the service. The kernel shows it under /proc to the service's own user and to root alone.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

NAME = "mamia-reloads"
PROCESSES = Path("/proc")


@dataclass
class ReloadRecord:
    """The record, as the service writes it: one JSON object per line.

    The parent writes what became of reloads, and each process that serves writes when it is ready.
    """

    number: int = 0
    """Of the last reload that began."""
    is_pending: bool = False
    """Whether the new settings were accepted, and the new processes are not all ready."""
    _file: int = field(default_factory=lambda: os.memfd_create(NAME))

    @classmethod
    def start(cls) -> Self:
        """Make the record of this process, before it forks those that serve: all of them write into one file."""
        record = cls()
        fcntl.fcntl(record._file, fcntl.F_SETFL, os.O_APPEND)
        record._write(service=os.getpid())
        return record

    def begin(self) -> None:
        """Record that a reload reads the settings now."""
        self.number += 1
        self._write(begun=self.number)

    def refuse(self, reason: str) -> None:
        """Record why the new settings are not used."""
        self._write(ended=self.number, refused=reason)

    def accept(self) -> None:
        """Note that the new settings can be used; new processes follow."""
        self.is_pending = True

    def process_is_ready(self) -> None:
        """Record that this process serves from now on, with the settings of the last reload."""
        self._write(ready=os.getpid(), number=self.number)

    def finish_if_ready(self, processes: Set[int], wanted: int) -> bool:
        """Record the end of a reload once `wanted` of `processes` serve with its settings. Return whether they do.

        False also if no reload waits for that.
        """
        if not self.is_pending or len(processes & state_of(_read(self._file)).ready_after(self.number)) < wanted:
            return False
        self.is_pending = False
        self._write(ended=self.number, processes=wanted)
        return True

    def _write(self, **event: Any) -> None:
        os.write(self._file, json.dumps(event).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class ReloadState:
    """What a record says."""

    service: int
    """Process id of the service's parent, to which SIGHUP is sent; 0 if the record is empty."""
    begun: int
    """Number of the last reload that began; 0 for none."""
    ended: dict[int, dict[str, Any]]
    """From the number of a reload to its end, with the key `refused` or `processes`."""
    ready: dict[int, int]
    """From every process that was ready at some time to the reload whose settings it has; 0: those of the start."""

    def ready_after(self, number: int) -> set[int]:
        """Return the processes that were ready with the settings of this reload."""
        return {process for process, of_reload in self.ready.items() if of_reload == number}


def state_of(text: bytes) -> ReloadState:
    """Return the state that the lines of a record have. A line that is not complete is left out."""
    events = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith(b"\n")]
    return ReloadState(
        service=next((event["service"] for event in events if "service" in event), 0),
        begun=max((event["begun"] for event in events if "begun" in event), default=0),
        ended={event["ended"]: event for event in events if "ended" in event},
        ready={event["ready"]: event["number"] for event in events if "ready" in event},
    )


def record_of(process: int) -> Path | None:
    """Return the path of the record that this process holds open; None if it has none or this user may not see it."""
    try:
        links = list((PROCESSES / str(process) / "fd").iterdir())
    except OSError:
        return None
    return next((link for link in links if _target(link) == f"/memfd:{NAME} (deleted)"), None)


def is_ours(process: int) -> bool:
    """Return whether this user may see what the process holds open."""
    return os.access(PROCESSES / str(process) / "fd", os.R_OK)


def running_services() -> Iterator[int]:
    """Yield the parents of all services that this user may see."""
    for folder in PROCESSES.iterdir():
        record = record_of(int(folder.name)) if folder.name.isdecimal() else None
        # Processes that the parent forked hold the same record.
        if record and (state := read_state(record)) and state.service == int(folder.name):
            yield state.service


def read_state(record: Path) -> ReloadState | None:
    """Return what the record says; None if the service has ended."""
    try:
        return state_of(record.read_bytes())
    except OSError:
        return None


def _read(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""
