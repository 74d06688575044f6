"""How much room a file system has left for what a process writes there."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.checks.finding import Finding, fail, warn

FEW_BYTES, NO_BYTES = 200 * 1024**2, 4 * 1024**2
"""Free bytes below which a check warns, and below which it fails."""
FEW_FILES, NO_FILES = 10_000, 100
"""Free inodes below which a check warns, and below which it fails."""


def check_space(subject: str, folder: Path, effect: str) -> Finding | None:
    """Return a finding if the file system of `folder` is nearly full; None if it has room or cannot be read.

    `effect` says what a full one does to people.
    """
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    free, files = found.f_bavail * found.f_frsize, found.f_favail
    # Some file systems make inodes when they are needed, and report none.
    has_inodes = found.f_files > 0
    if free < NO_BYTES or (has_inodes and files < NO_FILES):
        return fail(
            subject, f"{_left(free, files, full=True)} for {folder}: {effect}", _hint(folder, free < NO_BYTES)
        )
    if free < FEW_BYTES or (has_inodes and files < FEW_FILES):
        return warn(
            subject,
            f"{_left(free, files, full=False)} for {folder}; when it is full, {effect}",
            _hint(folder, free < FEW_BYTES),
        )
    return None


def _left(free: int, files: int, *, full: bool) -> str:
    state = "the disk is full" if full else "the disk is nearly full"
    return f"{state} ({free // 1024**2} MB and {files} files are left)"


def _hint(folder: Path, few_bytes: bool) -> str:
    usage = "du -xh" if few_bytes else "du -x --inodes"
    return f"delete what is not needed, or enlarge it: {usage} {_mount(folder)} | sort -n | tail names what is large"


def _mount(folder: Path) -> Path:
    place = folder
    while not place.is_mount() and place != place.parent:
        place = place.parent
    return place
