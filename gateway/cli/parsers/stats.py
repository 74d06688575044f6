"""The arguments of `mamia stats`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_config, add_json
from gateway.cli.running import runs

DAYS = 7
MAX_DAYS = 365
EXIT_CODES = {ExitCode.PROBLEM: "the store does not answer"}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `stats` to the commands."""
    parser = add_command(
        commands,
        "stats",
        summary="how many people found, changed, reset and failed, by day, and why",
        description="Print how many accounts were found, how many passwords were changed and reset, how many "
        "attempts failed, and why, by day. The figures come from the event store (section [events]) and name nobody.",
        notes=EXIT_CODES,
    )
    parser.add_argument(
        "--days", type=_days, default=DAYS, metavar="N", help=f"how many days, with today (default: {DAYS})"
    )
    add_config(parser)
    output = parser.add_mutually_exclusive_group()
    add_json(output, "print one object per day, in a list")
    output.add_argument("--csv", action="store_true", help="for spreadsheets: print one line per day, with commas")
    runs(parser, "stats", "gateway.cli.stats:run")


def _days(typed: str) -> int:
    if not typed.isdecimal() or not 1 <= int(typed) <= MAX_DAYS:
        raise argparse.ArgumentTypeError(f"{typed!r} is not a number of days from 1 to {MAX_DAYS}")
    return int(typed)
