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
"""Ratio of a pause to the poll before it, at least: a long queue must not keep slapd busy."""
MIN_PAUSE_PER_CPU = 30.0
"""The same for the processor time of the poll: at rest, the worker takes about a thirtieth of a core."""
MAX_REST_SECONDS = 20.0
"""Seconds of a pause for the sake of this machine's processor, at most: a new password waits for it."""


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
            started, cpu_started = time.monotonic(), time.thread_time()
            try:
                under_way = _still_running([*under_way, *delivery_worker.begin(stop.is_set)])
                after_round()
                failures = 0
            except DirectoryUnavailable as error:
                failures += 1
                log.error("the directory does not answer: %s", error)
            taken, cpu_taken = time.monotonic() - started, time.thread_time() - cpu_started
            # Jitter, so that several workers do not look all at the same moments.
            stop.wait(pause_after(poll_seconds, failures, taken, cpu_taken) * random.uniform(0.5, 1.5))  # noqa: S311
    finally:
        delivery_worker.close()


def pause_after(poll_seconds: float, failures: int, taken: float, cpu_taken: float) -> float:
    """Return the seconds between a poll and the next one.

    `failures`: how many polls in a row the directory did not answer. `taken` and `cpu_taken`: seconds of the last
    poll, and of the processor for it.
    """
    pause: float = min(poll_seconds * 2**failures, max(poll_seconds, MAX_OUTAGE_PAUSE_SECONDS))
    return max(pause, taken * MIN_PAUSE_PER_POLL, min(cpu_taken * MIN_PAUSE_PER_CPU, MAX_REST_SECONDS))


def _still_running(deliveries: list[Future[bool]]) -> list[Future[bool]]:
    """Those that have not ended. Raises what one that ended raised."""
    running = [delivery for delivery in deliveries if not delivery.done()]
    for delivery in set(deliveries).difference(running):
        delivery.result()
    return running
