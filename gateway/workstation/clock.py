"""The directory's time, so that no decision rests on the clock of one machine alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.workstation.state import CLOCKS_APART

log = logging.getLogger(__name__)


@dataclass(slots=True)
class DirectoryClock:
    """The time of the directory's clock, computed from the last answer that had it.

    `local` is this machine's clock (UTC), which may be wrong; `monotonic` gives seconds that never run backwards.
    """

    local: Callable[[], datetime]
    monotonic: Callable[[], float]
    _directory_time: tuple[datetime, float] | None = None
    """The directory's time, and our monotonic time then."""
    _is_reported: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, directory_time: datetime | None) -> None:
        """Use the time (UTC) of an answer that came just now; None if it had none."""
        if directory_time is None:
            return
        apart = self.local() - directory_time
        with self._lock:
            self._directory_time = directory_time, self.monotonic()
            is_apart = abs(apart) > CLOCKS_APART
            is_new, self._is_reported = is_apart and not self._is_reported, is_apart
        if is_new:
            log.warning(
                "this machine's clock and the directory's differ by %s: synchronise both with a time server",
                abs(apart),
            )

    def directory_time(self) -> datetime | None:
        """Return the directory's time (UTC), or None before the first answer that had it."""
        if self._directory_time is None:
            return None
        time, then = self._directory_time
        return time + timedelta(seconds=self.monotonic() - then)

    def now(self) -> datetime:
        """Return the directory's time (UTC); this machine's as long as that is not known."""
        return self.directory_time() or self.local()

    def earliest(self) -> datetime | None:
        """Return the earlier time of both clocks; None as long as one is not known: one clock alone may be wrong."""
        directory_time = self.directory_time()
        return min(directory_time, self.local()) if directory_time else None

    def latest(self) -> datetime:
        """Return the later time of both clocks."""
        return max(self.now(), self.local())
