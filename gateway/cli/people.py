"""`mamia people`: import entries of staff into the directory, or invent entries."""

from __future__ import annotations

import argparse

from gateway.cli import people_import, people_sample


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `people` and its commands, `import` and `sample`."""
    people = subparsers.add_parser(
        "people",
        help="make entries of staff for the directory",
        description="Import entries of staff from a CSV file, or write invented staff as LDIF.",
    )
    commands = people.add_subparsers(required=True, metavar="COMMAND", help="what to do with entries of staff")
    people_import.add_parser(commands)
    people_sample.add_parser(commands)
