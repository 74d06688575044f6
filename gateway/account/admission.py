"""A fair queue before the directory: a limited number of attempts run at once, others wait in order of arrival."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.account.errors import DirectoryBusy
from gateway.account.ports import Clock

SMOOTHING = 1 / 8
"""Weight of the newest turn in the moving average of their duration."""


class Admission:
    """Limit how many attempts use the directory at the same time.

    Hashing uses the directory's processors fully, so more attempts at once would make each one slower and none
    faster. An attempt that would have to wait longer than `max_wait_seconds` is refused at once, with the time after
    which to try again.
    """

    def __init__(self, *, clock: Clock, max_at_once: int, max_wait_seconds: float) -> None:
        self._clock = clock
        self._max_at_once = max_at_once
        self._max_wait_seconds = max_wait_seconds
        self._lock = threading.Lock()
        self._at_work = 0
        self._ahead: deque[threading.Event] = deque()
        self._waiting: deque[threading.Event] = deque()
        self._usual_seconds = 0.0

    @property
    def waiting(self) -> int:
        """Return the number of attempts that wait for their turn."""
        with self._lock:
            return len(self._ahead) + len(self._waiting)

    def refuse_if_full(self) -> None:
        """Raise DirectoryBusy if an attempt that came now would be refused."""
        with self._lock:
            before = len(self._ahead) + len(self._waiting)
            expected = self._usual_seconds * (before + 1) / self._max_at_once
            if before and expected > self._max_wait_seconds:
                raise self._busy(expected)

    @contextmanager
    def turn(self, *, is_ahead: bool = False) -> Iterator[None]:
        """Wait for a turn and hold it while the context is open. Raises DirectoryBusy.

        `is_ahead` is for somebody who continues after an earlier turn, such as a write after the proof: it passes new
        attempts.
        """
        if place := self._enqueue(is_ahead=is_ahead):
            self._await(place)
        started, is_done = self._clock.monotonic(), False
        try:
            yield
            is_done = True
        finally:
            # The time of an outage says nothing about the duration of the next turns.
            self._leave(self._clock.monotonic() - started if is_done else None)

    def _enqueue(self, *, is_ahead: bool) -> threading.Event | None:
        """Return a place in the queue, or None if the turn begins at once."""
        with self._lock:
            if self._at_work < self._max_at_once and not (self._ahead or self._waiting):
                self._at_work += 1
                return None
            before = len(self._ahead) + (0 if is_ahead else len(self._waiting))
            expected = self._usual_seconds * (before + 1) / self._max_at_once
            if before and expected > self._max_wait_seconds:
                raise self._busy(expected)
            place = threading.Event()
            (self._ahead if is_ahead else self._waiting).append(place)
            return place

    def _await(self, place: threading.Event) -> None:
        if place.wait(self._max_wait_seconds):
            return
        with self._lock:
            if place.is_set():
                return
            lane = self._ahead if place in self._ahead else self._waiting
            lane.remove(place)
            raise self._busy(self._max_wait_seconds)

    def _leave(self, seconds: float | None) -> None:
        with self._lock:
            usual = self._usual_seconds
            if seconds is not None:
                self._usual_seconds = usual + SMOOTHING * (seconds - usual) if usual else seconds
            lane = self._ahead or self._waiting
            if lane:
                lane.popleft().set()
            else:
                self._at_work -= 1

    def _busy(self, seconds: float) -> DirectoryBusy:
        return DirectoryBusy(
            f"{self._max_at_once} attempts at once, and {len(self._ahead) + len(self._waiting)} wait already",
            retry_after_seconds=max(1, math.ceil(seconds)),
        )
