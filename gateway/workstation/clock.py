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
    """What the directory's clock shows, reckoned from the last of its answers that told.

    `local` is this machine's clock (UTC), which may be wrong; `monotonic` gives seconds that never run backwards.
    """

    local: Callable[[], datetime]
    monotonic: Callable[[], float]
    _told: tuple[datetime, float] | None = None
    """The directory's time, and our monotonic time then."""
    _is_reported: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, directory_time: datetime | None) -> None:
        """Take over the time that an answer told just now; None where it told none."""
        if directory_time is None:
            return
        apart = self.local() - directory_time
        with self._lock:
            self._told = directory_time, self.monotonic()
            is_apart = abs(apart) > CLOCKS_APART
            is_new, self._is_reported = is_apart and not self._is_reported, is_apart
        if is_new:
            log.warning(
                "this machine's clock and the directory's differ by %s: let both follow a time server", abs(apart)
            )

    def directory_time(self) -> datetime | None:
        """None until the directory has told."""
        told = self._told
        return told[0] + timedelta(seconds=self.monotonic() - told[1]) if told else None

    def now(self) -> datetime:
        """The directory's time; this machine's until the directory has told."""
        return self.directory_time() or self.local()

    def earliest(self) -> datetime | None:
        """The earlier of both clocks; None until the directory has told, since one clock alone may be wrong."""
        told = self.directory_time()
        return min(told, self.local()) if told else None

    def latest(self) -> datetime:
        """The later of both clocks."""
        return max(self.now(), self.local())
