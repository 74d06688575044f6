"""The system's clock for the use cases."""

from __future__ import annotations

import time


class SystemClock:
    """`account.ports.Clock` with the functions of `time`."""

    def monotonic(self) -> float:
        """Return seconds that never decrease, from an arbitrary start."""
        return time.monotonic()

    def sleep_until(self, moment: float) -> None:
        """Return at `moment` of `monotonic`, or at once if it has passed."""
        time.sleep(max(0.0, moment - time.monotonic()))
