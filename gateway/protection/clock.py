"""The time, as the use cases ask for it."""

from __future__ import annotations

import time


class SystemClock:
    """`account.ports.Clock`."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep_until(self, moment: float) -> None:
        time.sleep(max(0.0, moment - time.monotonic()))
