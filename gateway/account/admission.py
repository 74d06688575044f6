"""A fair queue before the directory: a limited number of attempts run at once, others wait in order of arrival."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.account.errors import DirectoryBusy
from gateway.account.ports import Clock, SharedTurns

SMOOTHING = 1 / 8
"""Weight of the newest turn in the moving average of their duration."""
LOOKS_PER_TURN = 16
MIN_LOOK_SECONDS = 0.005
"""Pause before a process with a queue looks again for a turn that another one gave back: a part of the usual turn,
and long beside the 0.05 ms that a look costs."""


class Admission:
    """Limit how many attempts use the directory at the same time.

    Hashing uses the directory's processors fully, so more attempts at once would make each one slower and none
    faster. An attempt that would have to wait longer than `max_wait_seconds` is refused at once, with the time after
    which to try again.

    Processes can share turns. Then each of them can always have its share, and also uses turns that are free. A turn
    beyond the share is given back after each attempt if another process waits. While attempts wait, one thread looks
    for free turns, so that those who wait can sleep.
    """

    def __init__(
        self, *, clock: Clock, max_at_once: int, max_wait_seconds: float, shared: SharedTurns | None = None
    ) -> None:
        """`max_at_once` is the limit of this process; its share if the turns are `shared`."""
        self._clock = clock
        self._share = max_at_once
        self._max_wait_seconds = max_wait_seconds
        self._shared = shared
        self._lock = threading.Lock()
        self._at_work = 0
        self._ahead: deque[threading.Event] = deque()
        self._waiting: deque[threading.Event] = deque()
        self._usual_seconds = 0.0
        self._looker: threading.Thread | None = None
        self._is_queue = threading.Event()

    @property
    def waiting(self) -> int:
        """Return the number of attempts that wait for their turn."""
        with self._lock:
            return len(self._ahead) + len(self._waiting)

    def refuse_if_full(self) -> None:
        """Raise DirectoryBusy if an attempt that came now would be refused."""
        with self._lock:
            self._refuse_behind(len(self._ahead) + len(self._waiting))

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
            if not self._first() and self._take():
                return None
            self._refuse_behind(len(self._ahead) + (0 if is_ahead else len(self._waiting)))
            place = threading.Event()
            (self._ahead if is_ahead else self._waiting).append(place)
            self._tell()
            return place

    def _await(self, place: threading.Event) -> None:
        if place.wait(self._max_wait_seconds):
            return
        with self._lock:
            if place.is_set():
                return
            lane = self._ahead if place in self._ahead else self._waiting
            lane.remove(place)
            self._tell()
            raise self._busy(self._max_wait_seconds)

    def _leave(self, seconds: float | None) -> None:
        with self._lock:
            usual = self._usual_seconds
            if seconds is not None:
                self._usual_seconds = usual + SMOOTHING * (seconds - usual) if usual else seconds
            if self._first() and self._keeps_turn():
                self._admit_first()
            else:
                self._at_work -= 1
                if self._shared:
                    self._shared.give_back()
            self._tell()

    def _look(self) -> None:
        """Take turns that other processes gave back, as long as attempts wait here."""
        while True:
            self._is_queue.wait()
            time.sleep(max(MIN_LOOK_SECONDS, self._usual_seconds / LOOKS_PER_TURN))
            with self._lock:
                while self._first() and self._take():
                    self._admit_first()
                self._tell()

    # Whoever calls what follows has the lock.

    def _first(self) -> threading.Event | None:
        """Return who is the next to have a turn."""
        lane = self._ahead or self._waiting
        return lane[0] if lane else None

    def _admit_first(self) -> None:
        (self._ahead or self._waiting).popleft().set()

    def _take(self) -> bool:
        """Take a turn if one is free, and return whether one was."""
        is_due = self._at_work < self._share
        if not (self._shared.take(is_due=is_due) if self._shared else is_due):
            return False
        self._at_work += 1
        return True

    def _keeps_turn(self) -> bool:
        """Return whether a turn that ends now is passed on within this process."""
        return not self._shared or self._at_work <= self._share or not self._shared.do_others_wait()

    def _tell(self) -> None:
        """Let the other processes know whether attempts wait here, and look for turns while they do.

        A look repeats it, as it is in vain while another process looks at what is told.
        """
        if not self._shared:
            return
        waits = self._first() is not None
        self._shared.tell(waits=waits, is_due=waits and self._at_work < self._share)
        if not waits:
            self._is_queue.clear()
        elif not self._is_queue.is_set():
            self._is_queue.set()
            # Not before: a thread does not outlive a fork.
            if not self._looker:
                self._looker = threading.Thread(target=self._look, name="turns", daemon=True)
                self._looker.start()

    def _refuse_behind(self, before: int) -> None:
        """Raise DirectoryBusy if an attempt with `before` others before it would have to wait too long."""
        expected = self._usual_seconds * (before + 1) / max(self._share, self._at_work)
        if before and expected > self._max_wait_seconds:
            raise self._busy(expected)

    def _busy(self, seconds: float) -> DirectoryBusy:
        return DirectoryBusy(
            f"{self._at_work} attempts at once, and {len(self._ahead) + len(self._waiting)} wait already",
            retry_after_seconds=max(1, math.ceil(seconds)),
        )
