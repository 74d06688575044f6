"""What a rate limit counts, and where: the kinds of windows, and what both stores of their counts can do.

A count has one of two forms, so that memory is bounded whatever comes:

- few attempts in a short time: the times of the last ones, and the limit is exact;
- many attempts, or a long time: cells of a table. The window is cut into SPANS spans, and each has one cell per slot.
  The count is the sum over all spans that the window touches, so that no window ever holds more than the limit; an
  attempt may have to wait for an eighth of the window longer than it would with the exact times.

A slot is a keyed hash of what is counted, one of SLOTS. Nothing is evicted when attempts come for more things than
there are slots: things that share a slot add up, which refuses too early and never too late. Without the key of the
hash nobody can choose what shares a slot with what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from limits import RateLimitItem

SLOTS = 1 << 19
"""At 20,000 attempts in 5 minutes for a whole day, each for another key, a slot counts 11 of them on average."""
SPANS = 8
MAX_TIMES = 60
"""The largest limit that is counted by times: 8 bytes each."""
MAX_TIMES_SECONDS = 3600
"""The longest window that is counted by times: longer ones would keep too many keys."""
_CELL_BYTES = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Window:
    """One limit of one thing that is counted."""

    limit: RateLimitItem
    name: str
    """What kind of thing it is; part of the store's key, so never what somebody typed."""
    slot: int = 0
    """Which of them, below SLOTS; 0 where there is but one."""
    has_one_slot: bool = False
    refuses: bool = True
    """False: it counts on beyond its limit."""

    @property
    def seconds(self) -> int:
        return self.limit.get_expiry()

    @property
    def span_seconds(self) -> float:
        return self.seconds / SPANS

    @property
    def keeps_times(self) -> bool:
        return self.refuses and self.limit.amount <= MAX_TIMES and self.seconds <= MAX_TIMES_SECONDS

    @property
    def cell_bytes(self) -> int:
        """Room for four times the limit: pressure is told up to there."""
        wanted = (4 * self.limit.amount).bit_length()
        return next((size for size in _CELL_BYTES if 8 * size >= wanted), _CELL_BYTES[-1])

    @property
    def slots(self) -> int:
        return 1 if self.has_one_slot else SLOTS

    @property
    def key(self) -> str:
        """Of all windows that share tables: the same for all slots."""
        return f"{self.name}:{self.limit.amount}:{self.seconds}"


@dataclass(frozen=True, slots=True)
class Full:
    """A window that takes no more, and in how many seconds it takes the next one."""

    window: Window
    seconds: float


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a store is."""

    keys: int
    full_ratio: float
    """From 0 to 1."""


class Counts(Protocol):
    """Every method raises StoreUnavailable."""

    def hit(self, windows: Sequence[Window]) -> Full | None:
        """Count once in each, in order, up to the first that is full: that one, or None."""

    def test(self, windows: Sequence[Window]) -> Full | None:
        """What `hit` would return, without counting."""

    def read(self, windows: Sequence[Window]) -> list[int]:
        """How many attempts each holds."""

    def usage(self) -> Usage: ...
