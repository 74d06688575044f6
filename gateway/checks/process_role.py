"""Which processes' secrets this user can read on this machine, so what can be checked from here."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.settings import Settings


def can_read(file: Path | None) -> bool:
    """Return whether this user can read `file`; False for None."""
    return file is not None and os.access(file, os.R_OK)


def is_workers(settings: Settings) -> bool:
    """Return whether the worker can run here, and its user or root runs the check."""
    return can_read(settings.workstation.bind_password_file)


def is_listeners(settings: Settings) -> bool:
    """Return whether the listener can run here, and its user or root runs the check."""
    return can_read(settings.capture.bind_password_file)
