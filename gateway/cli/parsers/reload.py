"""The arguments of `mamia reload`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_json
from gateway.cli.running import runs

EXIT_CODES = {
    ExitCode.DONE: "all processes of the service have the new settings",
    ExitCode.PROBLEM: "no such service runs, several do, or it ended or did not answer",
    ExitCode.UNUSABLE: "the service cannot use the new settings, and continues with the former ones",
}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `reload` to the commands."""
    parser = add_command(
        commands,
        "reload",
        summary="let the running web service read its settings again",
        description="Let the running `mamia serve` read its settings again, and wait until new processes serve with "
        "them. Settings that cannot be used change nothing.",
        notes=EXIT_CODES,
    )
    parser.add_argument(
        "--pid", type=int, metavar="PID", help="process of the service (default: the only one that runs here)"
    )
    add_json(parser, "print the service's process and how many serve")
    runs(parser, "reload", "gateway.cli.reload:run")
