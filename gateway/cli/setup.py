"""`mamia setup`: from a directory and a few answers to settings, secrets, changes of the directory, and a check."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from gateway.cli.setup_adopt import run_adopt
from gateway.cli.setup_run import run_setup
from gateway.cli.setup_undo import run_undo
from gateway.settings.loader import CONFIG_VARIABLE
from gateway.setup.paths import DEFAULT_CONFIG


def run(arguments: argparse.Namespace) -> int:
    """Set up, undo that, or make the folder for an undo. Returns the exit code.

    Raises CommandFailed, SettingsError.
    """
    config = arguments.config or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
    if arguments.adopt:
        return run_adopt(arguments, config)
    return run_undo(arguments, config) if arguments.undo else run_setup(arguments, config)
