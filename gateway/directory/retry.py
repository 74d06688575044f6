"""Retry after an outage of the directory, for commands that take minutes and must not begin again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable

T = TypeVar("T")

PAUSE_SECONDS = 1.0
MAX_OUTAGE_SECONDS = 120.0
"""Maximum seconds of an outage; a restart of slapd with a large database takes less."""


@dataclass(slots=True)
class Retry:
    """Retries for all threads of one command: once one of them has given up, the others do not wait again."""

    on_outage: Callable[[DirectoryUnavailable], None] = lambda error: None
    """Called when an outage begins, and again if it begins anew."""
    max_outage_seconds: float = MAX_OUTAGE_SECONDS
    has_given_up: bool = False
    _is_away: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, operation: Callable[[], T]) -> T:
        """Return the result of `operation`, which may run several times while the directory is away.

        Raises DirectoryUnavailable after `max_outage_seconds`, DirectoryMisconfigured and anything else at once.
        """
        deadline: float | None = None
        while True:
            try:
                result = operation()
            except DirectoryMisconfigured:
                raise
            except DirectoryUnavailable as error:
                deadline = deadline or time.monotonic() + self.max_outage_seconds
                if self._gives_up(error, deadline):
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                self._is_away = False
                return result

    def _gives_up(self, error: DirectoryUnavailable, deadline: float) -> bool:
        with self._lock:
            is_first = not (self._is_away or self.has_given_up)
            self._is_away = True
            self.has_given_up = self.has_given_up or time.monotonic() >= deadline
        if is_first:
            self.on_outage(error)
        return self.has_given_up
