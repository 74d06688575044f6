"""When a state is due: the pauses between attempts, and since when something has not changed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.workstation.state import DeliveryState

FIRST_PAUSE = timedelta(seconds=2)
MAX_PAUSE = timedelta(minutes=10)
OPERATOR_PAUSE = timedelta(minutes=5)
"""The pause after a failure that an operator must fix."""
TIMES_APART = timedelta(seconds=2)
"""How far two workers may differ about the same directory's time: the directory gives whole seconds."""


def pause(state: DeliveryState) -> timedelta:
    """Return how long to wait after the last attempt: it doubles up to MAX_PAUSE, and is up to half longer at random.

    So the deliveries do not all come at once when a target is up again. The random part is derived from the change,
    so every worker computes the same pause.
    """
    plain = _shortest_pause(state)
    if state.needs_operator:
        return plain
    chance = hashlib.blake2b(f"{state.change}{state.attempts}".encode(), digest_size=1).digest()[0] / 255
    return plain * (1 + chance / 2)


def has_passed(state: DeliveryState, now: datetime) -> bool:
    """Return whether the pause after the last attempt is over at `now` (UTC).

    A last attempt in the future was written by a clock that was wrong: it causes no pause.
    """
    if state.at > now + TIMES_APART:
        return True
    # Thousands may wait, and the random part of the pause takes the most time.
    return now >= state.at + _shortest_pause(state) and now >= state.at + pause(state)


def _shortest_pause(state: DeliveryState) -> timedelta:
    if state.needs_operator:
        return OPERATOR_PAUSE
    doublings: int = 2 ** min(state.attempts - 1, 20)
    return min(FIRST_PAUSE * doublings, MAX_PAUSE)


@dataclass(slots=True)
class UnchangedFor:
    """Remembers since when values have not changed, on this process's monotonic clock (seconds)."""

    monotonic: Callable[[], float]
    _seen: dict[str, tuple[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seconds(self, subject: str, value: str) -> float:
        """Return for how many seconds `subject` has been seen with `value`; 0 for the first time."""
        with self._lock:
            known, since = self._seen.get(subject, ("", 0.0))
            if known != value:
                since = self.monotonic()
                self._seen[subject] = value, since
            return self.monotonic() - since

    def keep_only(self, dns: set[str]) -> None:
        """Forget all subjects, but those whose first line is one of `dns`."""
        with self._lock:
            self._seen = {key: seen for key, seen in self._seen.items() if key.partition("\n")[0] in dns}
