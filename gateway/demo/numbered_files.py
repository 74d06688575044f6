"""A folder of the demo to which each message or event adds a file, with the next number at its beginning."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path

_UNFIT = re.compile(r"[^A-Za-z0-9@.+_-]")


@dataclass(slots=True)
class NumberedFiles:
    """The folder, which only its owner can read: messages contain codes."""

    folder: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        """Make the folder. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(self, name: str, suffix: str, text: str) -> Path:
        """Write a file whose name ends with `name` and `suffix`, and return its path. Raises OSError."""
        with self._lock:
            file = self.folder / f"{self._next_number():04}-{_UNFIT.sub('', name)}{suffix}"
            file.touch(mode=0o600)
            file.write_text(text, encoding="utf-8")
        return file

    def _next_number(self) -> int:
        numbers = (file.name.partition("-")[0] for file in self.folder.iterdir())
        return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1
