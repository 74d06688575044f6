"""A queue and threads for each target, so that one that hangs delays no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from gateway.account.errors import DirectoryUnavailable

OpenExecutor = Callable[[str, int], Executor]
"""Takes a queue's name and how many threads it has."""


def open_threads(queue: str, threads: int) -> Executor:
    """Return `threads` threads, named after `queue`."""
    return ThreadPoolExecutor(threads, thread_name_prefix=f"target-{queue}")


@dataclass(slots=True)
class TargetQueues:
    """The deliveries that wait for a thread of their target. `threads`: how many a target has."""

    threads: int
    open_executor: OpenExecutor = open_threads
    _executors: dict[str, Executor] = field(default_factory=dict)
    _under_way: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _outage: threading.Event = field(default_factory=threading.Event)
    """The directory failed: what is queued is left for the time when it answers again."""

    def directory_answers(self) -> None:
        """Go on after an outage of the directory."""
        self._outage.clear()

    def is_under_way(self, dn: str, target: str) -> bool:
        """Return whether a delivery of the entry `dn` waits for a thread of `target`, or has one."""
        with self._lock:
            return (dn, target) in self._under_way

    def submit(self, queue: str, dn: str, target: str, deliver: Callable[[], bool]) -> Future[bool]:
        """Let the threads of `queue` run `deliver`. The result is False where the directory failed before."""

        def run() -> bool:
            try:
                return not self._outage.is_set() and deliver()
            except DirectoryUnavailable:
                self._outage.set()
                raise
            finally:
                with self._lock:
                    self._under_way.discard((dn, target))

        with self._lock:
            self._under_way.add((dn, target))
            if queue not in self._executors:
                self._executors[queue] = self.open_executor(queue, self.threads)
            executor = self._executors[queue]
        return executor.submit(run)

    def close(self) -> None:
        """Wait for what the threads are busy with; what is queued is given up."""
        for executor in self._executors.values():
            executor.shutdown(wait=True, cancel_futures=True)
