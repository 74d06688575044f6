"""The worker's loop: poll, start what is due, and stop when asked, with what is under way finished."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from gateway.account.errors import DirectoryUnavailable
from gateway.workstation.deliver import DeliveryWorker

log = logging.getLogger(__name__)

MAX_OUTAGE_PAUSE_SECONDS = 10.0
"""Seconds between two looks at a directory that does not answer."""
MIN_PAUSE_PER_POLL = 4.0
"""How many times as long as the poll the pause after it is at least: a long queue must not keep a processor busy."""


def work(
    delivery_worker: DeliveryWorker,
    stop: threading.Event,
    poll_seconds: float,
    after_round: Callable[[], None] = lambda: None,
) -> None:
    """Deliver until `stop` is set. Outages of the directory are waited out, with growing pauses.

    No poll waits for a delivery, so that a target that hangs delays neither what is new nor the other targets.
    """
    failures = 0
    under_way: list[Future[bool]] = []
    try:
        while not stop.is_set():
            started = time.monotonic()
            try:
                under_way = _still_running([*under_way, *delivery_worker.begin(stop.is_set)])
                after_round()
                failures = 0
            except DirectoryUnavailable as error:
                failures += 1
                log.error("the directory does not answer: %s", error)
            pause = min(poll_seconds * 2**failures, max(poll_seconds, MAX_OUTAGE_PAUSE_SECONDS))
            pause = max(pause, (time.monotonic() - started) * MIN_PAUSE_PER_POLL)
            # Jitter, so that several workers do not look all at the same moments.
            stop.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311
    finally:
        delivery_worker.close()


def _still_running(deliveries: list[Future[bool]]) -> list[Future[bool]]:
    """Those that have not ended. Raises what one that ended raised."""
    running = [delivery for delivery in deliveries if not delivery.done()]
    for delivery in set(deliveries).difference(running):
        delivery.result()
    return running
