"""Turns that processes share: locked bytes of a file in memory, which the kernel frees when a process ends."""

from __future__ import annotations

import fcntl
import os
from collections import deque
from dataclasses import dataclass, field

NAME = "mamia-turns"
MAX_TURNS = 1000
"""Of one queue, as many as directory.max_concurrent_attempts may be."""
WAITS, IS_DUE, TURNS = 0, 1, 2
"""What the bytes of a queue say, from the first one on. Processes share a lock of the first two: attempts wait there;
they wait and the process has fewer turns than its share. A turn is locked by one process alone."""


@dataclass(frozen=True)
class TurnFile:
    """The file (memfd_create(2)). Make it in the parent of the processes that share turns, before it forks them.

    Its locks (fcntl(2), F_SETLK) belong to a process, not to a thread or a descriptor. So they end with the process,
    however it ends, but also with the first descriptor of the file that it closes. Therefore nothing closes it.
    """

    descriptor: int = field(default_factory=lambda: os.memfd_create(NAME))

    def turns(self, queue: int, count: int) -> LockedTurns:
        """Return `count` turns of the queue with this number, as this process sees them; call it after the fork."""
        return LockedTurns(self.descriptor, queue * (TURNS + MAX_TURNS), count)


class LockedTurns:
    """`account.ports.SharedTurns` in a file."""

    def __init__(self, file: int, begin: int, count: int) -> None:
        self._file = file
        self._begin = begin
        self._held: list[int] = []
        self._others = deque(range(TURNS, TURNS + count))
        # Each process looks first at another turn, which is mostly free.
        self._others.rotate(os.getpid() % count)
        self._told: set[int] = set()

    def take(self, *, is_due: bool) -> bool:
        """Take a free turn for this process, and return whether there was one."""
        if not is_due and self._is_told(IS_DUE):
            return False
        for _ in range(len(self._others)):
            if self._lock(fcntl.LOCK_EX, self._others[0]):
                self._held.append(self._others.popleft())
                return True
            self._others.rotate(-1)
        return False

    def give_back(self) -> None:
        """Give back one of the turns that this process has."""
        turn = self._held.pop()
        self._unlock(turn)
        self._others.appendleft(turn)

    def tell(self, *, waits: bool, is_due: bool) -> None:
        """Let the other processes know whether attempts of this one wait, and whether it is due a turn."""
        for what, holds in ((WAITS, waits), (IS_DUE, is_due)):
            if holds and what not in self._told:
                # In vain if another process looks at this moment (_is_told): the next call tells it.
                if self._lock(fcntl.LOCK_SH, what):
                    self._told.add(what)
            elif not holds and what in self._told:
                self._unlock(what)
                self._told.remove(what)

    def do_others_wait(self) -> bool:
        """Return whether attempts of another process wait."""
        return self._is_told(WAITS)

    def _is_told(self, what: int) -> bool:
        """Return whether another process told this: then nobody else can have the byte alone."""
        if not self._lock(fcntl.LOCK_EX, what):
            return True
        if what in self._told:
            self._lock(fcntl.LOCK_SH, what)
        else:
            self._unlock(what)
        return False

    def _lock(self, kind: int, byte: int) -> bool:
        try:
            fcntl.lockf(self._file, kind | fcntl.LOCK_NB, 1, self._begin + byte)
        except BlockingIOError:
            return False
        return True

    def _unlock(self, byte: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, self._begin + byte)
