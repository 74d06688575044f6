"""The arguments of `mamia demo`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_json
from gateway.cli.running import runs

STATE = Path("var/demo")
EXIT_CODES = {ExitCode.PROBLEM: "it cannot start, a part of it ended, or the extra [demo] is missing"}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `demo` to the commands."""
    parser = add_command(
        commands,
        "demo",
        summary="run the gateway with a directory of sample staff",
        description="Run a private directory with sample staff, the web service, the worker and the listener on "
        "this machine, until Ctrl-C.",
        notes=EXIT_CODES,
    )
    parser.add_argument("--port", type=int, default=8080, help="TCP port of the web service (default: 8080)")
    parser.add_argument("--directory-port", type=int, default=3890, help="TCP port of the directory (default: 3890)")
    parser.add_argument(
        "--state",
        type=Path,
        default=STATE,
        metavar="FOLDER",
        help=f"folder for the directory's data (default: {STATE})",
    )
    parser.add_argument(
        "--workstation",
        choices=("nt", "samba"),
        default="nt",
        help="where passwords of rectorat staff go: nt, attributes in the directory (default), or samba, a Samba "
        "domain controller, which needs root",
    )
    parser.add_argument(
        "--samba-address",
        default="127.0.0.10",
        metavar="ADDRESS",
        help="loopback address of the domain controller (default: 127.0.0.10); each demo on a machine needs its own",
    )
    add_json(parser, "print where everything is as one object, and write the log as JSON")
    runs(parser, "demo", "gateway.cli.demo:run")
