"""The arguments of `mamia capture`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_config, add_json
from gateway.cli.running import runs

EXIT_CODES = {
    ExitCode.PROBLEM: "the socket or a key cannot be used, or a socket of systemd is answered without settings"
}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `capture` to the commands."""
    parser = add_command(
        commands,
        "capture",
        summary="answer slapd, and capture passwords that other LDAP clients change",
        description="Run the listener until SIGTERM or SIGINT: answer the slapd of this machine before each write, "
        "and capture passwords that other LDAP clients change.",
        notes=EXIT_CODES,
    )
    add_config(parser)
    add_json(parser, "write the log as JSON, one object per line")
    runs(parser, "capture", "gateway.cli.capture:run")
