"""The arguments of `mamia settings`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gateway.cli.parser import add_command, add_json
from gateway.cli.running import runs


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `settings` to the commands."""
    parser = add_command(
        commands,
        "settings",
        summary="list every setting with its default and meaning",
        description="Print every setting with its form, default and meaning, as Markdown. No settings file is read. "
        "With --migrate, bring a file of a former version up to date.",
    )
    parser.add_argument(
        "--migrate",
        type=Path,
        metavar="FILE",
        help="write FILE.new: the settings of FILE with the present names of all settings",
    )
    add_json(parser, "print the settings as one list, or with --migrate what was renamed")
    runs(parser, "settings", "gateway.cli.settings_reference:run")
