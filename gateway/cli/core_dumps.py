"""No picture of the memory on disk when a process dies: passwords pass through it."""

from __future__ import annotations

import resource


def forbid_core_dumps() -> None:
    """For this process and those that it starts, whatever the system's setting."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
