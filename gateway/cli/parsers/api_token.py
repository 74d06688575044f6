"""The arguments of `mamia api-token`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.parser import add_command, add_json
from gateway.cli.running import runs


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `api-token` to the commands."""
    parser = add_command(
        commands,
        "api-token",
        summary="make a token for an API client that may use the API",
        description="Print a new token, which is stored nowhere, and the lines for the settings that accept it.",
    )
    parser.add_argument("name", metavar="NAME", help="name of the API client in the settings, such as webmail")
    add_json(parser, "print the token, its SHA-256 and the settings as one object")
    runs(parser, "api-token", "gateway.cli.api_token:run")
