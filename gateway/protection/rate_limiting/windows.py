"""What a rate limit counts and where: the kinds of windows, and the interface of both stores.

A count has one of two forms, so that its memory is bounded whatever is sent:

- few attempts in a short time: the times of the last ones, and the limit is exact;
- many attempts, or a long time: cells of a table. The window is divided into SPANS spans, each with one cell per
  slot. The count is the sum over all spans that overlap the window, so no window ever exceeds the limit; an attempt
  may have to wait for an eighth of the window longer than with exact times.

A slot is a keyed hash of what is counted, one of SLOTS. Nothing is evicted if there are more things to count than
slots: things that share a slot are added up, which refuses too early and never too late. Without the key of the hash
nobody can choose what shares a slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from limits import RateLimitItem

SLOTS = 1 << 19
"""With 20,000 attempts in 5 minutes for a whole day, each for another key, a slot counts 11 of them on average."""
SPANS = 8
MAX_TIMES = 60
"""Largest limit that is counted by times, of 8 bytes each."""
MAX_TIMES_SECONDS = 3600
"""Longest window that is counted by times; longer ones would keep too many keys."""
_CELL_BYTES = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Window:
    """One limit for one thing that is counted."""

    limit: RateLimitItem
    name: str
    """Kind of thing; part of the store's key, so never anything that was typed."""
    slot: int = 0
    """Number of the slot, below SLOTS; 0 if there is only one."""
    has_one_slot: bool = False
    refuses: bool = True
    """False: it continues to count beyond its limit."""

    @property
    def seconds(self) -> int:
        """Return the length of the window."""
        return self.limit.get_expiry()

    @property
    def span_seconds(self) -> float:
        """Return the length of one span."""
        return self.seconds / SPANS

    @property
    def keeps_times(self) -> bool:
        """Return whether it keeps times rather than cells."""
        return self.refuses and self.limit.amount <= MAX_TIMES and self.seconds <= MAX_TIMES_SECONDS

    @property
    def cell_bytes(self) -> int:
        """Return the bytes of a cell, with room for four times the limit, up to which the pressure grows."""
        wanted = (4 * self.limit.amount).bit_length()
        return next((size for size in _CELL_BYTES if 8 * size >= wanted), _CELL_BYTES[-1])

    @property
    def slots(self) -> int:
        """Return the number of slots."""
        return 1 if self.has_one_slot else SLOTS

    @property
    def key(self) -> str:
        """Return the key of its tables, which is the same for all slots."""
        return f"{self.name}:{self.limit.amount}:{self.seconds}"


@dataclass(frozen=True, slots=True)
class Full:
    """A window that is full, and the seconds until it accepts the next attempt."""

    window: Window
    seconds: float


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a store is."""

    keys: int
    full_ratio: float
    """From 0 to 1."""


class Counts(Protocol):
    """Store of counts. Every method raises StoreUnavailable."""

    def hit(self, windows: Sequence[Window]) -> Full | None:
        """Count once in each window, in order, up to the first full one; return that one, or None."""

    def test(self, windows: Sequence[Window]) -> Full | None:
        """Return what `hit` would return, without counting."""

    def read(self, windows: Sequence[Window]) -> list[int]:
        """Return the number of attempts in each window."""

    def usage(self) -> Usage:
        """Return how full the store is."""
