"""The arguments of `mamia settings`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.parser import add_command, add_json
from gateway.cli.running import runs


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `settings` to the commands."""
    parser = add_command(
        commands,
        "settings",
        summary="list every setting with its default and meaning",
        description="Print every setting with its form, default and meaning, as Markdown. No settings file is read.",
    )
    add_json(parser, "print the settings as one list")
    runs(parser, "settings", "gateway.cli.settings_reference:run")
