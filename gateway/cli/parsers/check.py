"""The arguments of `mamia check`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_config, add_json
from gateway.cli.running import runs

EXIT_CODES = {ExitCode.DONE: "no finding is FAIL", ExitCode.PROBLEM: "at least one finding is FAIL"}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `check` to the commands."""
    parser = add_command(
        commands,
        "check",
        summary="check directory, rights, policies, store, mail, keys, workstations, listener and API clients",
        description="Check what the gateway needs, and print one line per finding: OK, WARN (people are served, but "
        "not properly or not for long) or FAIL (people cannot be served, or a secret is not protected), and how to "
        "fix it. Everything is only read, but for one failed login of the decoy.",
        notes=EXIT_CODES,
    )
    add_config(parser)
    parser.add_argument(
        "--problems", action="store_true", help="print the findings WARN and FAIL only, and nothing if there are none"
    )
    parser.add_argument(
        "--protected",
        metavar="LOGIN",
        default="",
        help="login of a person who must be protected; check that the gateway sees the person as protected",
    )
    parser.add_argument(
        "--without-web",
        action="store_true",
        help="check only what worker and listener need, on a machine that has no secrets of the web service",
    )
    parser.add_argument(
        "--person", metavar="DN", help="a test account without rights; also check what such an account can read"
    )
    parser.add_argument(
        "--person-password-file", type=Path, metavar="FILE", help="file that holds only the password of --person"
    )
    parser.add_argument(
        "--needs",
        action="store_true",
        help="check nothing; print which rights, controls, services and files each part needs with these settings",
    )
    add_json(parser, "print the findings as one list")
    runs(parser, "check", "gateway.cli.check:run")
