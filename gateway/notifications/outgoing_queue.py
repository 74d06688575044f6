"""A queue of what is sent by HTTP: webhooks, or text messages. One file each, which outlives restarts and crashes.

It stays until the receiver has it. In the words of webhooks, each is an event. The name of a file is its id and says
when it was queued; its modification time says when it is due. Several processes may share a folder: who sends an
event holds a lock on its file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.notifications.as_owner import as_owner_of

PREFIX = "msg_"
MAX_WAITING = 100_000
"""Events that wait at most, some 400 MB: a receiver that is away for days must not fill the disk."""
GONE = "gone"
"""The file that says that the receiver wants nothing more; it contains the hash of the receiver's URL."""
LEFT_SECONDS = 3600
"""Age after which a half-written event is what a killed process left."""


class QueueFull(Exception):
    """MAX_WAITING events wait already, so this one is lost."""


@dataclass(frozen=True, slots=True, order=True)
class Queued:
    """An event that waits."""

    queued_at: float
    """Seconds since 1970."""
    id: str
    due_at: float


class OutgoingQueue:
    """A folder of events, which only its owner can read."""

    def __init__(self, folder: Path, url: str, max_delay_seconds: float = 0.0) -> None:
        """`url` is the receiver's. Makes the folders. Raises OSError.

        `max_delay_seconds` is the longest time before a new event is due. Sending uses processor time of a process
        that serves people. Right after an attempt it would delay the next request of the same person, and so reveal
        that the account was locked.
        """
        self.folder, self._max_delay_seconds = folder, max_delay_seconds
        self._receiver = hashlib.sha256(url.encode()).hexdigest()
        self._new, self._tmp = folder / "new", folder / "tmp"
        self._about = 0
        with as_owner_of(folder):
            for one in (folder, self._new, self._tmp):
                one.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
            self._clear()

    def enqueue(self, body: bytes) -> None:
        """Keep an event, which is due soon; do nothing if the receiver wants none. Raises OSError, QueueFull.

        Once it returns, neither a crash nor a power failure loses the event.
        """
        if self.is_gone:
            return
        if self._about >= MAX_WAITING:
            raise QueueFull
        now = time.time()
        name = f"{PREFIX}{int(1000 * now)}_{secrets.token_hex(12)}"
        due_at = now + random.uniform(0.25, 1) * self._max_delay_seconds  # noqa: S311 - no secret
        with as_owner_of(self.folder):
            with (self._tmp / name).open("xb") as file:
                file.write(body)
                file.flush()
                os.utime(file.fileno(), (due_at, due_at))
                os.fsync(file.fileno())
            (self._tmp / name).rename(self._new / name)
            _sync(self._new)
        self._about += 1

    def waiting(self) -> list[Queued]:
        """Return all events that wait, the oldest first. Raises OSError."""
        found = sorted(waiting_in(self.folder))
        self._about = len(found)
        return found

    @contextmanager
    def claim(self, event: Queued) -> Iterator[bytes | None]:
        """Yield the body of an event and keep others from sending it; None if another process has it or had it."""
        try:
            file = (self._new / event.id).open("rb")
        except FileNotFoundError:
            yield None
            return
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            found = os.fstat(file.fileno())
            # Another process may have sent it, or tried, between our look at the folder and the lock.
            is_ours = found.st_nlink > 0 and found.st_mtime == event.due_at
            yield file.read() if is_ours else None

    def remove(self, event: Queued) -> None:
        """Forget an event."""
        (self._new / event.id).unlink(missing_ok=True)

    def postpone(self, event: Queued, due_at: float) -> None:
        """Let an event wait until `due_at`, in seconds since 1970."""
        with suppress(FileNotFoundError):
            os.utime(self._new / event.id, (due_at, due_at))

    @property
    def is_gone(self) -> bool:
        """Return whether the receiver said that it wants nothing more."""
        return (self.folder / GONE).exists()

    def mark_gone(self) -> None:
        """Record that the receiver wants nothing more, and forget what waits."""
        (self.folder / GONE).write_text(f"{self._receiver}\n", encoding="ascii")
        for event in self.waiting():
            self.remove(event)

    def _clear(self) -> None:
        """Remove what concerns another receiver, and what a killed process left."""
        with suppress(FileNotFoundError):
            if (self.folder / GONE).read_text(encoding="ascii").strip() != self._receiver:
                (self.folder / GONE).unlink()
        for file in self._tmp.iterdir():
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < time.time() - LEFT_SECONDS:
                    file.unlink()


def waiting_in(folder: Path) -> Iterator[Queued]:
    """Yield the events of a queue's folder, without a change to it. Raises OSError."""
    with os.scandir(folder / "new") as entries:
        for entry in entries:
            milliseconds, _, rest = entry.name.removeprefix(PREFIX).partition("_")
            if not (entry.name.startswith(PREFIX) and milliseconds.isdecimal() and rest):
                continue
            with suppress(FileNotFoundError):
                yield Queued(int(milliseconds) / 1000, entry.name, entry.stat().st_mtime)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
