"""Counts of rate limits in the memory of this process."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Sequence
from math import floor
from typing import Literal, Protocol

from gateway.protection.rate_limiting.windows import SLOTS, SPANS, Full, Usage, Window

_TIME = struct.Struct("d")
_CELL_FORMATS: dict[int, Literal["B", "H", "I"]] = {1: "B", 2: "H", 4: "I"}


class MemoryCounts:
    """`Counts` in memory.

    `now` returns seconds of a monotonic clock, so that a change of the system time frees nothing.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._tables: dict[str, _Table] = {}

    def hit(self, windows: Sequence[Window]) -> Full | None:
        """Implement `Counts.hit`."""
        with self._lock:
            now = self._now()
            self._forget(now)
            for window in windows:
                table = self._table(window, now)
                if full := _full(table, window, now):
                    return full
                table.add(window.slot, now)
        return None

    def test(self, windows: Sequence[Window]) -> Full | None:
        """Implement `Counts.test`."""
        with self._lock:
            now = self._now()
            self._forget(now)
            return next((full for window in windows if (full := _full(self._table(window, now), window, now))), None)

    def read(self, windows: Sequence[Window]) -> list[int]:
        """Implement `Counts.read`."""
        with self._lock:
            now = self._now()
            self._forget(now)
            return [self._table(window, now).count(window.slot, now) for window in windows]

    def usage(self) -> Usage:
        """Return the number of slots in use, and the share of the fullest table.

        All cells of a span count as one slot. A full table refuses nobody: more attempts share its slots.
        """
        with self._lock:
            self._forget(self._now())
            sizes = [len(table) for table in self._tables.values()]
            return Usage(sum(sizes), max(sizes, default=0) / SLOTS)

    def _table(self, window: Window, now: float) -> _Table:
        table = self._tables.get(window.key)
        if table is None:
            table = self._tables[window.key] = _Times(window, now) if window.keeps_times else _Cells(window)
        return table

    def _forget(self, now: float) -> None:
        """Free what has expired in all tables, because some may never be used again.

        It costs one comparison per table.
        """
        for table in self._tables.values():
            table.forget(now)


def _full(table: _Table, window: Window, now: float) -> Full | None:
    if not window.refuses:
        return None
    wait = table.wait(window.slot, now)
    return Full(window, wait) if wait > 0 else None


class _Table(Protocol):
    """Counts of all windows that differ only in their slot."""

    def add(self, slot: int, now: float) -> None: ...
    def count(self, slot: int, now: float) -> int: ...
    def wait(self, slot: int, now: float) -> float:
        """Return the seconds until it accepts one more attempt; 0 if it does now."""

    def forget(self, now: float) -> None: ...
    def __len__(self) -> int: ...


class _Times:
    """Times of the last attempts, packed, the newest first. They are freed after at most twice the window."""

    def __init__(self, window: Window, now: float) -> None:
        self._amount = window.limit.amount
        self._seconds = window.seconds
        self._turns_at = now + window.seconds
        self._recent: dict[int, bytes] = {}
        self._older: dict[int, bytes] = {}

    def add(self, slot: int, now: float) -> None:
        self._recent[slot] = (_TIME.pack(now) + self._packed(slot))[: _TIME.size * self._amount]

    def count(self, slot: int, now: float) -> int:
        return sum(at > now - self._seconds for (at,) in _TIME.iter_unpack(self._packed(slot)))

    def wait(self, slot: int, now: float) -> float:
        packed = self._packed(slot)
        if len(packed) < _TIME.size * self._amount:
            return 0.0
        (oldest,) = _TIME.unpack_from(packed, _TIME.size * (self._amount - 1))
        return float(max(0.0, oldest + self._seconds - now))

    def forget(self, now: float) -> None:
        """Free what has expired.

        It is called before every use, so that everything in `_recent` is younger than `_turns_at` when it becomes
        older.
        """
        if now < self._turns_at:
            return
        self._older = self._recent if now < self._turns_at + self._seconds else {}
        self._recent = {}
        self._turns_at = now + self._seconds

    def __len__(self) -> int:
        """Return an upper bound: what was tried in both halves counts twice."""
        return len(self._recent) + len(self._older)

    def _packed(self, slot: int) -> bytes:
        return self._recent.get(slot) or self._older.get(slot, b"")


class _Cells:
    """Span → its cells, one per slot. A span is freed when no window includes it any more."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._spans: dict[int, memoryview] = {}

    def add(self, slot: int, now: float) -> None:
        cells = self._cells_of(self._span(now))
        cells[slot] = min(cells[slot] + 1, 256**self._window.cell_bytes - 1)

    def count(self, slot: int, now: float) -> int:
        return sum(cells[slot] for cells in self._spans.values())

    def wait(self, slot: int, now: float) -> float:
        excess = self.count(slot, now) - self._window.limit.amount
        for span, cells in sorted(self._spans.items()):
            if excess < 0:
                break
            excess -= cells[slot]
            if excess < 0:
                return (span + SPANS + 1) * self._window.span_seconds - now
        return 0.0

    def forget(self, now: float) -> None:
        first = self._span(now) - SPANS
        for span in [span for span in self._spans if span < first]:
            del self._spans[span]

    def __len__(self) -> int:
        return len(self._spans)

    def _span(self, now: float) -> int:
        return floor(now / self._window.span_seconds)

    def _cells_of(self, span: int) -> memoryview:
        if span not in self._spans:
            room = bytearray(self._window.slots * self._window.cell_bytes)
            self._spans[span] = memoryview(room).cast(_CELL_FORMATS[self._window.cell_bytes])
        return self._spans[span]
