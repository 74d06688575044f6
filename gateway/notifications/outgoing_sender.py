"""Sends the webhooks, or the text messages, of a queue: each on its own, so that one that hangs delays no other."""

from __future__ import annotations

import logging
import random
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from gateway.notifications.outgoing_queue import GONE, OutgoingQueue, Queued
from gateway.notifications.webhook_receiver import Answer, Taken

log = logging.getLogger(__name__)

MINUTE, HOUR = 60.0, 3600.0
PAUSES = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Pauses between the attempts at an event, as Standard Webhooks proposes them."""
AGES = tuple(accumulate(PAUSES))
"""Ages of an event at its attempts. The last pause repeats."""
JITTER = 0.1
"""Share of a pause that is added at random, so that a receiver that comes back is not asked by all at once."""
MAX_AT_ONCE = 8
"""Attempts at the same time. While a receiver hangs, each holds a thread until `webhooks.timeout_seconds`."""
MAX_PAUSE_SECONDS = 30.0
"""Seconds after which the folder is looked at in any case: another process may have left something."""
ELSEWHERE_SECONDS = 2.0
"""Seconds for which an event that another process has is left alone."""
FAULT_SECONDS = HOUR
"""Seconds for which an event is left alone after a fault of the folder or of ours."""
CLOSE_SECONDS = 3.0
"""Seconds in which what is under way may end; else it is sent once more after the next start."""

Send = Callable[[str, bytes], Answer]
"""`WebhookReceiver.send`: an event's id and body."""


@dataclass(slots=True)
class OutgoingSender:
    """A thread that sends what is due. An event is removed once the receiver has it: at least once, in any order."""

    queue: OutgoingQueue
    send: Send
    host: str
    """The receiver, for the log."""
    retry_hours: float
    ages: Sequence[float] = AGES
    what: str = "webhook"
    """What it sends, for the log."""
    sends_late: bool = True
    """Whether what waited longer than `retry_hours`, because nothing was running, is tried once more."""
    now: Callable[[], float] = time.time
    _thread: threading.Thread | None = field(default=None, init=False)
    _fails: bool = field(default=False, init=False)
    _under_way: dict[str, threading.Thread] = field(default_factory=dict, init=False)
    _left_until: dict[str, float] = field(default_factory=dict, init=False)
    """Of each event that another process has, or that met a fault of this machine: when it is looked at again."""
    _stopped: threading.Event = field(default_factory=threading.Event, init=False)
    _something: threading.Event = field(default_factory=threading.Event, init=False)

    def start(self) -> None:
        """Start the thread. What an earlier process left is sent when it is due."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"{self.what}s", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Look for new events soon."""
        self._something.set()

    def close(self) -> None:
        """Stop the thread; events that the receiver has not got stay in the folder."""
        self._stopped.set()
        self._something.set()
        deadline = time.monotonic() + CLOSE_SECONDS
        for thread in filter(None, (self._thread, *list(self._under_way.values()))):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._something.clear()
            try:
                pause = self._begin_due()
            except OSError as error:
                log.error("%ss wait in %s: %s", self.what, self.queue.folder, error.strerror)
                pause = MAX_PAUSE_SECONDS
            self._something.wait(pause)

    def _begin_due(self) -> float:
        """Begin attempts at what is due, and return the seconds until the next look. Raises OSError."""
        now, pause = self.now(), MAX_PAUSE_SECONDS
        left_alone = self._left_until.copy().items()
        # After a leap of the clock none waits for longer.
        self._left_until = {id_: until for id_, until in left_alone if 0 < until - now <= FAULT_SECONDS}
        for event in self.queue.waiting():
            if event.id in self._under_way:
                continue
            if not self._is_due(event, now):
                pause = min(pause, event.due_at - now)
            elif until := self._left_until.get(event.id):
                pause = min(pause, until - now)
            elif len(self._under_way) < MAX_AT_ONCE:
                thread = threading.Thread(target=self._attempt, args=(event,), name=self.what, daemon=True)
                self._under_way[event.id] = thread
                thread.start()
        return max(0.0, pause)

    def _is_due(self, event: Queued, now: float) -> bool:
        """Return whether an event is due. After a leap of the clock none waits for longer than the longest pause."""
        return event.due_at <= now or event.due_at - now > (1 + JITTER) * max(PAUSES)

    def _attempt(self, event: Queued) -> None:
        try:
            with self.queue.claim(event) as body:
                if body is None:
                    # Without this pause the loop would ask for it without end, as long as a receiver hangs.
                    self._left_until[event.id] = self.now() + ELSEWHERE_SECONDS
                else:
                    self._send(event, body)
        except OSError as error:
            # It may have been sent, and the folder does not let it be removed: the receiver is to get it rarely.
            log.error("a %s waits in %s: %s", self.what, self.queue.folder, error.strerror)
            self._left_until[event.id] = self.now() + FAULT_SECONDS
        except Exception as error:
            # A fault of ours: the event must neither be lost nor be tried without a pause.
            log.error("a %s could not be sent: %s", self.what, type(error).__name__)
            self._left_until[event.id] = self.now() + FAULT_SECONDS
        finally:
            del self._under_way[event.id]
            # Others may wait for this place.
            self._something.set()

    def _send(self, event: Queued, body: bytes) -> None:
        if self.queue.is_gone:
            self.queue.remove(event)
            return
        if not body:
            log.error("a %s is empty, after a power failure, and was dropped", self.what)
            self.queue.remove(event)
            return
        if not self.sends_late and self._age(event) >= HOUR * self.retry_hours:
            log.error("a %s waited for more than %g hours, and was dropped", self.what, self.retry_hours)
            self.queue.remove(event)
            return
        answer = self.send(event.id, body)
        if answer.taken is Taken.NO:
            self._after_failure(event, answer.cause)
            return
        if answer.taken is Taken.REFUSED:
            log.error("the receiver %s refuses a %s for good, and it was dropped: %s", self.host, self.what, event.id)
            self.queue.remove(event)
            return
        if answer.taken is Taken.GONE:
            log.error(
                "the receiver %s wants no webhooks any more (410): none is sent until webhooks.url names another one,"
                " or %s is removed", self.host, self.queue.folder / GONE,
            )  # fmt: skip
            self.queue.mark_gone()
            return
        self.queue.remove(event)
        if self._fails:
            log.warning("the receiver %s takes %ss again", self.host, self.what)
        self._fails = False

    def _age(self, event: Queued) -> float:
        return self.now() - event.queued_at

    def _after_failure(self, event: Queued, cause: str) -> None:
        age = self._age(event)
        if age >= HOUR * self.retry_hours:
            log.error(
                "the receiver %s did not take a %s for %g hours (%s), and it was dropped: %s",
                self.host, self.what, self.retry_hours, cause, event.id,
            )  # fmt: skip
            self.queue.remove(event)
            return
        if not self._fails:
            log.warning("the receiver %s does not take %ss (%s): they wait", self.host, self.what, cause)
        self._fails = True
        self.queue.postpone(event, event.queued_at + self._next_age(age))

    def _next_age(self, age: float) -> float:
        """Return the age at the next attempt. It follows from the present age, so nothing else must be kept."""
        place = bisect_right(self.ages, age)
        last = self.ages[place - 1] if place else 0.0
        reached = self.ages[place] if place < len(self.ages) else age + PAUSES[-1]
        with_jitter = reached + JITTER * (reached - last) * random.random()  # noqa: S311 - no secret
        return min(with_jitter, HOUR * self.retry_hours)
