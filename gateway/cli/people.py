"""`mamia people`: entries of staff for the directory, imported or invented."""

from __future__ import annotations

import argparse

from gateway.cli import people_import, people_sample


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    people = subparsers.add_parser("people", help="make entries of staff for the directory")
    commands = people.add_subparsers(required=True, metavar="COMMAND")
    people_import.add_parser(commands)
    people_sample.add_parser(commands)
