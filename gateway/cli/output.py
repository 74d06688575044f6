"""What commands print for programs."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any, TextIO


def print_json(value: Any, stream: TextIO | None = None) -> None:
    """Print `value` as one JSON document to `stream` (default: standard output)."""
    print(json.dumps(value, indent=2), file=stream or sys.stdout, flush=True)


def iso(when: datetime | None) -> str | None:
    """Return a time in ISO 8601, in UTC: "2026-03-01T08:00:00+00:00"; None stays None."""
    return when.astimezone(UTC).isoformat() if when else None


def local(when: datetime | None) -> str:
    """Return a time as a person at this machine reads it; None becomes ""."""
    return f"{when.astimezone():%Y-%m-%d %H:%M %Z}" if when else ""
