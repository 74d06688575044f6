"""Uniform duration of refusals, so that neither their time nor the wait of the next attempt reveals the reason."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import TypeVar

from gateway.account.admission import Admission
from gateway.account.ports import Clock

T = TypeVar("T")
W = TypeVar("W")

log = logging.getLogger(__name__)


class UniformTime:
    """Run the attempts of one service, a limited number at once, and answer each refusal after the same time.

    The work of a refusal depends on what it hides: hashes differ in cost until everybody has changed their password
    once (8 ms for {SSHA}, 37 ms for the Argon2 of `ldif/`), and searches differ in the number of entries that they
    read.

    - The time of a refusal is counted from its admission; attempts beyond the limit wait before that. So the
      machine is not overloaded during the work, and waiting does not use up the time that hides the work.
    - A refused attempt makes room for the next one after half of that time, not when its work is done. Otherwise the
      next attempt's wait would reveal how long the work took.
    - Work that takes longer than the whole time is answered after a multiple of it.
    """

    def __init__(self, *, clock: Clock, min_seconds: float, admission: Admission) -> None:
        """`min_seconds` is the time from admission to a refusal."""
        self._clock = clock
        self._min_seconds = min_seconds
        self._admission = admission

    def run(self, work: Callable[[], T]) -> T:
        """Return the result of `work`.

        None and an empty sequence are refusals, which wait; other results return at once. Raises DirectoryBusy if too
        many attempts wait already, and whatever `work` raises.
        """
        with self._admission.turn():
            started = self._clock.monotonic()
            result = work()
            if result:
                return result
            taken = self._clock.monotonic() - started
            self._clock.sleep_until(started + _next_multiple(self._min_seconds / 2, taken))
        if taken > self._min_seconds:
            log.warning(
                "a refusal took %.2f s, and directory.min_refusal_seconds is %g: its time tells what was refused",
                taken,
                self._min_seconds,
            )
        self._clock.sleep_until(started + _next_multiple(self._min_seconds, taken))
        return result

    def follow(self, write: Callable[[], W]) -> W:
        """Return the result of a write that follows a success; it passes new attempts in the queue.

        Raises DirectoryBusy.
        """
        with self._admission.turn(is_ahead=True):
            return write()


def _next_multiple(seconds: float, taken: float) -> float:
    return seconds * max(1, math.ceil(taken / seconds))
