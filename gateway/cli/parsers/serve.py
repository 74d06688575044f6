"""The arguments of `mamia serve`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_config, add_json
from gateway.cli.running import runs

EXIT_CODES = {ExitCode.UNUSABLE: "the arguments, the settings or what they name on this machine cannot be used"}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `serve` to the commands."""
    parser = add_command(
        commands,
        "serve",
        summary="run the web service",
        description="Run the web service until SIGTERM or SIGINT. SIGHUP makes it read the settings again.",
        notes=EXIT_CODES,
    )
    add_config(parser)
    add_json(parser, "write the log as JSON, one object per line")
    runs(parser, "serve", "gateway.cli.serve:run")
