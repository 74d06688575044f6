"""Short tasks that nobody waits for, such as writing a mail that tells of a lock-out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

MAX_WAITING = 1000
"""Tasks: more wait only where a disk has stopped answering."""


class BackgroundTasks:
    """Runs tasks one after another in a thread of its own.

    Those that wait are run before the process ends, also one that nobody closed: the interpreter waits for the thread
    (concurrent.futures). Only a process that is killed loses them.
    """

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        # Its thread begins with the first task, so in the process that serves and not in the one that forked it.
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
        self._places = threading.BoundedSemaphore(max_waiting)

    def submit(self, task: Callable[[], None]) -> None:
        """Run `task` soon. Never raises and never waits: a task for which there is no place is dropped and logged.

        Waiting for a place would hold up people for as long as the disk does not answer.
        """
        if not self._places.acquire(blocking=False):
            log.error("a task in the background was dropped: too many wait")
            return
        try:
            self._executor.submit(self._run, task)
        except RuntimeError:  # closed: the process ends, and nobody would run it later
            self._run(task)

    def close(self) -> None:
        """Return when all tasks have been run."""
        self._executor.shutdown()

    def _run(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception as error:
            # Its text might hold what a person typed.
            log.error("a task in the background failed: %s", type(error).__name__)
        finally:
            self._places.release()
