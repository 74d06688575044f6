"""Short tasks in the background, such as writing a mail about a lock-out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

MAX_WAITING = 1000
"""Maximum number of waiting tasks; more wait only if a disk does not answer."""


class BackgroundTasks:
    """Runs tasks one after another in its own thread.

    Waiting tasks run before the process ends, even without `close`, because the interpreter waits for the thread
    (concurrent.futures). Only a process that is killed loses them.
    """

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        # The thread starts with the first task, so in the process that serves, after the fork.
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background")
        self._places = threading.BoundedSemaphore(max_waiting)

    def submit(self, task: Callable[[], None]) -> None:
        """Run `task` soon. Never raises and never waits: if too many tasks wait, it is dropped and logged.

        Waiting would delay people for as long as the disk does not answer.
        """
        if not self._places.acquire(blocking=False):
            log.error("a task in the background was dropped: too many are waiting")
            return
        try:
            self._executor.submit(self._run, task)
        except RuntimeError:  # closed: the process ends, and the task would never run
            self._run(task)

    def close(self) -> None:
        """Run all waiting tasks, then return."""
        self._executor.shutdown()

    def _run(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception as error:
            # The text of the exception might contain what a person typed.
            log.error("a task in the background failed: %s", type(error).__name__)
        finally:
            self._places.release()
