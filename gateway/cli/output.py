"""What commands print for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

_MEMBERS = json.JSONEncoder(separators=(",\n    ", ": "))
"""With `indent`, Python would take its slow encoder."""


def print_json(value: Any, stream: TextIO | None = None) -> None:
    """Print `value` as one JSON document to `stream` (default: standard output)."""
    print(json.dumps(value, indent=2), file=stream or sys.stdout, flush=True)


def print_json_list(items: Iterable[dict[str, Any]], stream: TextIO | None = None) -> None:
    """Print flat objects as `print_json` prints a list of them, one after the other: all at once may be much."""
    stream, first = stream or sys.stdout, True
    for item in items:
        stream.write(f"{'[' if first else ','}\n  {{\n    {_MEMBERS.encode(item)[1:-1]}\n  }}")
        first = False
    print("[]" if first else "\n]", file=stream, flush=True)


def iso(when: datetime | None) -> str | None:
    """Return a time in ISO 8601, in UTC: "2026-03-01T08:00:00+00:00"; None stays None."""
    return when.astimezone(UTC).isoformat() if when else None


def local(when: datetime | None) -> str:
    """Return a time as a person at this machine reads it; None becomes ""."""
    return f"{when.astimezone():%Y-%m-%d %H:%M %Z}" if when else ""
