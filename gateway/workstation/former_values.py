"""Words that versions before 1.0 stored in directories. They are read for ever, and written no more."""

from __future__ import annotations

from collections.abc import Mapping

STATUSES: Mapping[str, str] = {"settling": "confirming"}
"""In mamiaSyncState, from the former status to the present one."""
REASONS: Mapping[str, str] = {"not_in_clear": "not_plain_text"}
"""In mamiaSyncState, from the former reason to the present one."""
LATE_WRITE = "ghost;"
"""In mamiaSyncLease, what `lease.LATE_WRITE` is now."""
