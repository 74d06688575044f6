"""Processor time by process, and how busy the machine is with what is not ours, from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
IDLE = (3, 4)
"""Columns of /proc/stat that are no work: idle, and waiting for a disk."""
GUEST = (8, 9)
"""Columns that are counted in others already."""


@dataclass(frozen=True)
class Usage:
    """Seconds since each process or the machine was started, at one moment."""

    at: float
    of: Mapping[str, float]
    """By name, with all descendants, and with those of them that have ended."""
    ours: float
    """Of this process and all its descendants: servers, the program that asks, and this one."""
    machine: float
    """Of all processors, for whatever work."""


@dataclass(frozen=True)
class Spent:
    seconds: float
    of: Mapping[str, float]
    others: float
    """Processors that were busy meanwhile with what is not ours, on average. Interrupts count as others'."""


def usage(processes: Mapping[str, int]) -> Usage:
    parents, seconds = {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name before it may have blanks and brackets.
            words = file.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(file.parent.name)
        parents[pid] = int(words[1])
        # Its own, and that of descendants that have ended: utime, stime, cutime, cstime in proc(5).
        seconds[pid] = sum(map(int, words[11:15])) / TICKS_A_SECOND
    of = {name: _with_descendants(pid, parents, seconds) for name, pid in processes.items()}
    return Usage(time.monotonic(), of, _with_descendants(os.getpid(), parents, seconds), _machine())


def spent(before: Usage, after: Usage) -> Spent:
    taken = after.at - before.at
    of = {name: after.of[name] - before.of[name] for name in after.of}
    busy, ours = after.machine - before.machine, after.ours - before.ours
    return Spent(taken, of, max(0.0, busy - ours) / taken)


def _with_descendants(pid: int, parents: Mapping[int, int], seconds: Mapping[int, float]) -> float:
    children = [child for child, parent in parents.items() if parent == pid]
    return seconds.get(pid, 0.0) + sum(_with_descendants(child, parents, seconds) for child in children)


def _machine() -> float:
    columns = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    worked = [ticks for place, ticks in enumerate(columns) if place not in IDLE + GUEST]
    return sum(worked) / TICKS_A_SECOND
