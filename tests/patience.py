"""Waiting for what happens elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

AT_ONCE_SECONDS = 15
"""Within which something happens that waits for nothing, on a busy machine too."""


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
