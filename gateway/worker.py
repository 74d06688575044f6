"""The worker's loop: poll, deliver, and stop when asked, with the entry in hand finished."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

from gateway.account.errors import DirectoryUnavailable
from gateway.workstation.deliver import Courier

log = logging.getLogger(__name__)

LONGEST_OUTAGE_PAUSE = 10.0
"""Seconds between two looks at a directory that does not answer."""


def work(
    courier: Courier, stop: threading.Event, poll_seconds: float, after_round: Callable[[], None] = lambda: None
) -> None:
    """Deliver until `stop` is set. Outages of the directory are waited out, with growing pauses."""
    failures = 0
    while not stop.is_set():
        try:
            courier.round(stop.is_set)
            after_round()
            failures = 0
        except DirectoryUnavailable as error:
            failures += 1
            log.error("the directory does not answer: %s", error)
        pause = min(poll_seconds * 2**failures, max(poll_seconds, LONGEST_OUTAGE_PAUSE))
        # Jitter, so that several workers do not look all at the same moments.
        stop.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311
