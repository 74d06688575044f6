"""Waiting for what happens elsewhere."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

AT_ONCE_SECONDS = 15
"""Within which something happens that waits for nothing, on a busy machine too."""

FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.002, 0.05
TICK_SECONDS = 0.02
"""More than a tick of the kernel's clock, by which time(2) may be late (CONFIG_HZ is 100 or more)."""


def freeze(process: int) -> None:
    """Send SIGSTOP and wait until every thread of the process stands still: some may go on for a moment.

    A process that has ended stands still too.
    """
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)
    wait_until(lambda: all(_state(thread) in "TZX" for thread in Path(f"/proc/{process}/task").glob("*")))


def _state(thread: Path) -> str:
    """T: stopped (proc(5)). X where it has ended meanwhile."""
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def wait_until(holds: Callable[[], object], seconds: float = 120) -> None:
    """Ask often at first, as most of what is waited for is nearly there, then seldom."""
    deadline, pause = time.monotonic() + seconds, FIRST_PAUSE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(pause)
        pause = min(2 * pause, LAST_PAUSE_SECONDS)


def wait_for_the_next_second() -> None:
    """Wait until another process's time(2) shows a later second too: it reads the clock of the last tick.

    pwdChangedTime and other times of a directory count seconds.
    """
    moment = int(time.time()) + 1 + TICK_SECONDS
    wait_until(lambda: time.time() > moment)
