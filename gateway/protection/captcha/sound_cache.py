"""Sounds that were rendered a moment ago, because players ask for one sound in several parts.

Safari asks for two bytes first, then for the rest, and each player asks again when somebody moves or repeats.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

Refusal = TypeVar("Refusal")
MAX_BYTES = 4 * 1024 * 1024
"""Of all sounds together, in each process: 75 MP3 files, or 7 WAV files."""
TURNS = 64
"""Number of locks. Sounds that share one wait for each other; a lock for each sound would have to be removed."""


class SoundCache:
    """Keeps the sounds that were asked for last. Threads may share it."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._sounds: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._turns = [threading.Lock() for _ in range(TURNS)]

    @property
    def kept_bytes(self) -> int:
        """Return the size of all sounds that are kept."""
        return self._bytes

    def get(self, key: Hashable, admit: Callable[[], Refusal | None], render: Callable[[], bytes]) -> bytes | Refusal:
        """Return the sound of `key`.

        Only if it must be rendered, `admit` is asked first; what it returns is returned in the place of the sound.
        Requests at the same time for the same sound render it once.
        """
        with self._turns[hash(key) % TURNS]:
            if (kept := self._find(key)) is not None:
                return kept
            if (refusal := admit()) is not None:
                return refusal
            sound = render()
            self._keep(key, sound)
            return sound

    def _find(self, key: Hashable) -> bytes | None:
        with self._lock:
            if key in self._sounds:
                self._sounds.move_to_end(key)
            return self._sounds.get(key)

    def _keep(self, key: Hashable, sound: bytes) -> None:
        """Keep a sound, and forget the ones that nobody asked for longest; one above the limit is not kept."""
        with self._lock:
            self._sounds[key] = sound
            self._bytes += len(sound)
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._sounds.popitem(last=False)[1])
