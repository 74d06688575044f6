"""The arguments of `mamia people import`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gateway.account.staff_file import NUMBERS, OPTIONAL, REQUIRED
from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_config, add_json, add_own_account
from gateway.cli.running import runs

MAX_LEAVERS_PERCENT = 10
EXIT_CODES = {
    ExitCode.DONE: "every row was used: written, or the entry agrees with it",
    ExitCode.PROBLEM: "rows with faults or doubts were left out, too many leavers, or the directory failed",
    ExitCode.UNUSABLE: "the arguments, the settings or the file cannot be used; nothing was written",
}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `import` to the commands of `mamia people`."""
    parser = add_command(
        commands,
        "import",
        summary="create and update entries from a CSV export",
        description="Create and update entries of staff from a CSV file. "
        f"Columns, in any order: {', '.join(REQUIRED)}, one of {' or '.join(NUMBERS)}; also "
        f"{', '.join(OPTIONAL)}. Comma, semicolon or tab; UTF-8 or Windows-1252.",
        notes=EXIT_CODES,
    )
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="the export of the staff office")
    add_own_account(parser, required=True, why="which may write people's entries")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")
    parser.add_argument(
        "--create-namesakes", action="store_true",
        help="create people who have the name and birth date of somebody with another number, instead of "
        "reporting a doubt",
    )  # fmt: skip
    parser.add_argument(
        "--add-class", action="store_true",
        help="give the class mamiaPerson to entries that lack it; a row finds an entry without number by its login",
    )  # fmt: skip
    parser.add_argument(
        "--mark-leavers", action="store_true", help="mark people who are not in the file, and close their accounts"
    )
    parser.add_argument(
        "--max-leavers-percent", type=int, default=MAX_LEAVERS_PERCENT, metavar="PERCENT",
        help="mark no leavers if they are more than this percentage of all people: the file may be incomplete "
        "(default: %(default)s)",
    )  # fmt: skip
    add_config(parser)
    add_json(parser, "print the report as one object")
    runs(parser, "people import", "gateway.cli.people_import:run")
