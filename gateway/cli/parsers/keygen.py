"""The arguments of `mamia keygen`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_json
from gateway.cli.running import runs

EXIT_CODES = {ExitCode.PROBLEM: "a file exists already, or cannot be written; no file was changed"}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `keygen` to the commands."""
    parser = add_command(
        commands,
        "keygen",
        summary="make the key pair that passwords for the workstation are sealed with, or the secret of webhooks",
        description="Write NAME.key for the worker alone (mode 0600) and NAME.pub for the web service. "
        "Run it where the worker runs, as its user. With --webhook write NAME, the secret that signs webhooks, for "
        "its owner and group (mode 0640). An existing file is never overwritten.",
        notes=EXIT_CODES,
    )
    parser.add_argument(
        "name",
        type=Path,
        metavar="NAME",
        help="path of both files without the suffix, such as /etc/mamia/worker; with --webhook the path of the file",
    )
    parser.add_argument(
        "--webhook", action="store_true", help="make the secret of webhooks instead; give it to the receiver too"
    )
    add_json(parser, "print the names of the files and their settings; no key is printed")
    runs(parser, "keygen", "gateway.cli.keygen:run")
