"""Which process's secrets can be read on this machine, by whoever asks: what can be checked from here."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.settings import Settings


def can_read(file: Path | None) -> bool:
    return file is not None and os.access(file, os.R_OK)


def is_workers(settings: Settings) -> bool:
    """Whether the worker can run here, and its user or root asks."""
    return can_read(settings.workstation.bind_password_file)


def is_listeners(settings: Settings) -> bool:
    """Whether the listener can run here, and its user or root asks."""
    return can_read(settings.capture.bind_password_file)
