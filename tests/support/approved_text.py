"""Texts that a person has approved: a test compares with them, and `make stories` writes them again."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

WRITES = bool(os.environ.get("STORIES"))


def assert_approved(text: str, file: Path) -> None:
    """Fails with the lines that differ. With STORIES=1 in the environment it writes the file instead."""
    if WRITES:
        file.write_text(text)
        return
    approved = file.read_text() if file.exists() else ""
    changed = difflib.unified_diff(
        approved.splitlines(), text.splitlines(), f"approved: {file.name}", "now", lineterm=""
    )
    assert approved == text, "\n".join(["read what has changed; if it is right: make stories", *changed])
