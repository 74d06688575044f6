"""The arguments of `mamia people`: import entries of staff into the directory, invent entries, or seal anew."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.parser import add_command
from gateway.cli.parsers import people_import, people_reseal, people_sample


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `people` and its commands."""
    people = add_command(
        commands,
        "people",
        summary="import staff, invent staff, or seal recovery methods anew",
        description="Import entries of staff from a CSV file, write invented staff as LDIF, or seal the recovery "
        "methods of all people with the newest key.",
    )
    own = people.add_subparsers(required=True, metavar="COMMAND", help="what to do with entries of staff")
    people_import.add_parser(own)
    people_sample.add_parser(own)
    people_reseal.add_parser(own)
