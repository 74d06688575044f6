"""What serves only once, and has served."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

from gateway.protection.rate_limiting.store import Store, StoreUnavailable

MAX_MARKS = 1_000_000
"""In memory: more than a process can be sent while one ticket lives, some 200 bytes each."""


class ReplayCache(Protocol):
    def add_if_new(self, mark: str, expires: float) -> bool:
        """Whether `mark` comes for the first time; `expires` is in seconds since 1970. Raises StoreUnavailable."""

    def forget(self, mark: str) -> None:
        """Let `mark` come once more. Raises StoreUnavailable."""


class SharedReplayCache:
    """Marks in a store that many processes share."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def add_if_new(self, mark: str, expires: float) -> bool:
        with self._store.use() as storage:
            return storage.incr(f"spent/{mark}", max(1, math.ceil(expires - self._now()))) == 1

    def forget(self, mark: str) -> None:
        with self._store.use() as storage:
            storage.clear(f"spent/{mark}")


class MemoryReplayCache:
    """Marks in this process's memory, each forgotten when it would have expired anyway.

    Not `limits`' memory storage: its counter is not atomic when a key is new, and two threads could both be first.
    When MAX_MARKS are kept, the next one raises StoreUnavailable: to forget one would be to accept its ticket again.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._marks: set[str] = set()
        self._expiries: list[tuple[float, str]] = []

    def add_if_new(self, mark: str, expires: float) -> bool:
        with self._lock:
            self._forget()
            if mark in self._marks:
                return False
            if len(self._marks) >= MAX_MARKS:
                raise StoreUnavailable("no room for more used tickets")
            self._marks.add(mark)
            heapq.heappush(self._expiries, (expires, mark))
            return True

    def forget(self, mark: str) -> None:
        with self._lock:
            self._marks.discard(mark)

    def __len__(self) -> int:
        return len(self._marks)

    def _forget(self) -> None:
        now = self._now()
        while self._expiries and self._expiries[0][0] <= now:
            self._marks.discard(heapq.heappop(self._expiries)[1])
