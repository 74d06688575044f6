"""The arguments of `mamia remind`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_config, add_json
from gateway.cli.running import runs

EXIT_CODES = {ExitCode.PROBLEM: "the directory or the spool cannot be used, or a mail could not be stored"}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `remind` to the commands."""
    parser = add_command(
        commands,
        "remind",
        summary="mail people before their password expires, and those who still have an initial one",
        description="Mail people some days before their password expires, by their own policy, and those who still "
        "have an initial password. Each reminder is recorded in the directory before its mail is written, so nobody "
        "gets it twice, however often the command runs.",
        notes=EXIT_CODES,
    )
    parser.add_argument("--dry-run", action="store_true", help="list who would be reminded; write and send nothing")
    add_config(parser)
    add_json(parser, "print who was or would be reminded, as one list")
    runs(parser, "remind", "gateway.cli.remind:run")
