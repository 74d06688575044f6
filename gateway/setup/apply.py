"""Write a plan into the directory, one change after the other, each saved before and read back after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from gateway.setup.access import Access
from gateway.setup.changes import Change, Plan


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did."""

    changes: tuple[Change, ...]
    undo_folder: Path


class ApplyFailed(Exception):
    """A change was refused or is not there afterwards. What was done before stays; setup goes on from there."""

    def __init__(self, change: Change | None, reason: str, done: tuple[Change, ...]) -> None:
        super().__init__(reason)
        self.change = change
        """The one that failed; None: it failed before the first."""
        self.reason = reason
        """What the server said, or what is missing, with the fix. Holds no password."""
        self.done = done


def apply(
    plan: Plan,
    access: Access,
    undo_folder: Path,
    passwords: Mapping[str, SecretStr],
    *,
    progress: Callable[[Change], None] | None = None,
) -> Applied:
    """Write every change of the plan, in order. `passwords` has one for each of `plan.passwords`.

    Before each write, `undo_folder` (made, 0700) has what `undo` needs, also if this process or the machine stops at
    once. `progress` is called before each change. Raises ApplyFailed.
    """
    raise NotImplementedError
