"""Replay cache: remembers single-use tokens that were used, until they expire."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

from gateway.protection.rate_limiting.store import Store, StoreUnavailable

MAX_MARKS = 1_000_000
"""Maximum number of marks in memory, at some 200 bytes each; a process receives fewer within a ticket's lifetime."""


class ReplayCache(Protocol):
    """Remembers the marks of used tokens."""

    def add_if_new(self, mark: str, expires: float) -> bool:
        """Add `mark`, and return whether it is new.

        `expires` is in seconds since 1970 (UTC). Raises StoreUnavailable.
        """

    def has(self, mark: str) -> bool:
        """Return whether `mark` was added. Raises StoreUnavailable."""

    def forget(self, mark: str) -> None:
        """Remove `mark`, so that it is accepted once more. Raises StoreUnavailable."""


class SharedReplayCache:
    """Keeps marks in a store that several processes share."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def add_if_new(self, mark: str, expires: float) -> bool:
        """Add `mark`, and return whether it is new. Raises StoreUnavailable."""
        with self._store.use() as storage:
            return storage.incr(f"spent/{mark}", max(1, math.ceil(expires - self._now()))) == 1

    def has(self, mark: str) -> bool:
        """Return whether `mark` was added. Raises StoreUnavailable."""
        with self._store.use() as storage:
            return storage.get(f"spent/{mark}") > 0

    def forget(self, mark: str) -> None:
        """Remove `mark`. Raises StoreUnavailable."""
        with self._store.use() as storage:
            storage.clear(f"spent/{mark}")


class MemoryReplayCache:
    """Keeps marks in the memory of this process, each until it expires.

    The memory storage of `limits` is not used, because its counter is not atomic for a new key: two threads could
    both be first. If MAX_MARKS are kept, the next one raises StoreUnavailable, because a forgotten ticket would be
    accepted again.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._marks: set[str] = set()
        self._expiries: list[tuple[float, str]] = []

    def add_if_new(self, mark: str, expires: float) -> bool:
        """Add `mark`, and return whether it is new. Raises StoreUnavailable if the cache is full."""
        with self._lock:
            self._forget()
            if mark in self._marks:
                return False
            if len(self._marks) >= MAX_MARKS:
                raise StoreUnavailable("no room for more used tickets")
            self._marks.add(mark)
            heapq.heappush(self._expiries, (expires, mark))
            return True

    def has(self, mark: str) -> bool:
        """Return whether `mark` was added."""
        with self._lock:
            self._forget()
            return mark in self._marks

    def forget(self, mark: str) -> None:
        """Remove `mark`."""
        with self._lock:
            self._marks.discard(mark)

    def __len__(self) -> int:
        return len(self._marks)

    def _forget(self) -> None:
        now = self._now()
        while self._expiries and self._expiries[0][0] <= now:
            self._marks.discard(heapq.heappop(self._expiries)[1])
