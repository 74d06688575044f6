"""Take back what setup wrote, without opening secrets, locking people out or keeping slapd from starting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.setup.access import Access


@dataclass(frozen=True, slots=True)
class Kept:
    """Something of ours that stays in the directory."""

    what: str
    why: str
    how: str
    """How to go on; "" if it may stay for ever."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What `undo` did."""

    removed: tuple[str, ...]
    """One sentence per write."""
    kept: tuple[Kept, ...]


class UndoFailed(Exception):
    """The server refused a step, or the folder cannot be read. What was done stays; undo goes on from there."""

    def __init__(self, reason: str, removed: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.removed = removed


def undo(
    folder: Path,
    access: Access,
    *,
    remove_people_data: bool = False,
    dry_run: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Undone:
    """Take back what the runs of `apply` with this undo folder wrote, in stages; the closing rules go last.

    `remove_people_data`: people to whom setup gave our class lose the attributes that it allows (NUMEN, birth date)
    with it; otherwise the class stays on those who have such values. Raises UndoFailed.
    """
    raise NotImplementedError
