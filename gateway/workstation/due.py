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
"""After a failure that an operator must fix."""
TIMES_APART = timedelta(seconds=2)
"""As far as two workers may reckon the same directory's time apart: it is told in whole seconds."""


def pause(state: DeliveryState) -> timedelta:
    """How long to wait after the last attempt: doubling up to LONGEST_PAUSE, and up to half of it longer by chance.

    Thus a target that comes back is not stormed. The chance is the change's own: every worker counts the same pause.
    """
    if state.needs_operator:
        return OPERATOR_PAUSE
    doublings: int = 2 ** min(state.attempts - 1, 20)
    plain = min(FIRST_PAUSE * doublings, MAX_PAUSE)
    chance = hashlib.blake2b(f"{state.change}{state.attempts}".encode(), digest_size=1).digest()[0] / 255
    return plain * (1 + chance / 2)


def has_passed(state: DeliveryState, now: datetime) -> bool:
    """Whether the pause after the last attempt is over.

    A last attempt in the future was written by a clock that was wrong: nothing waits for it.
    """
    return now >= state.at + pause(state) or state.at > now + TIMES_APART


@dataclass(slots=True)
class UnchangedFor:
    """Since when, on our own clock, something has not changed."""

    monotonic: Callable[[], float]
    _seen: dict[str, tuple[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def seconds(self, subject: str, value: str) -> float:
        with self._lock:
            known, since = self._seen.get(subject, ("", 0.0))
            if known != value:
                since = self.monotonic()
                self._seen[subject] = value, since
            return self.monotonic() - since

    def keep_only(self, dns: set[str]) -> None:
        with self._lock:
            self._seen = {key: seen for key, seen in self._seen.items() if key.partition("\n")[0] in dns}
