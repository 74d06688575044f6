"""`mamia settings`: print every setting with its form, default and meaning. It needs no settings file."""

from __future__ import annotations

import argparse

from gateway.settings.reference import reference


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `settings` to the commands."""
    parser = commands.add_parser(
        "settings",
        help="list every setting with its default and meaning",
        description="Print every setting with its form, default and meaning. No settings file is read.",
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Print the reference of all settings to standard output, and return 0."""
    print(reference(), end="")
    return 0
