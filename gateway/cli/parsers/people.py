"""The arguments of `mamia people`: import entries of staff into the directory, or invent entries."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.parser import add_command
from gateway.cli.parsers import people_import, people_sample


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `people` and its commands, `import` and `sample`."""
    people = add_command(
        commands,
        "people",
        summary="make entries of staff for the directory",
        description="Import entries of staff from a CSV file, or write invented staff as LDIF.",
    )
    own = people.add_subparsers(required=True, metavar="COMMAND", help="what to do with entries of staff")
    people_import.add_parser(own)
    people_sample.add_parser(own)
