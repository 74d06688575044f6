"""Prevention of core dumps, because the memory of the processes holds passwords."""

from __future__ import annotations

import resource


def forbid_core_dumps() -> None:
    """Forbid core dumps for this process and those that it starts, whatever the system's setting (setrlimit(2))."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
