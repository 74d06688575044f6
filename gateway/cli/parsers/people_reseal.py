"""The arguments of `mamia people reseal`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_config, add_json, add_own_account
from gateway.cli.running import runs

EXIT_CODES = {
    ExitCode.DONE: "every recovery method is sealed with the newest key: the older keys can be deleted",
    ExitCode.PROBLEM: "some are not, so keep the older keys; or the directory failed",
}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `reseal` to the commands of `mamia people`."""
    parser = add_command(
        commands,
        "reseal",
        summary="seal recovery methods with the newest key",
        description="Seal the recovery methods of all people with the first key of web.secret_keys, so that older "
        "keys can be deleted. It may run while people use the site, and as often as you like.",
        notes=EXIT_CODES,
    )
    add_own_account(parser, required=True, why="which may write people's entries")
    add_config(parser)
    add_json(parser, "print the counts as one object")
    runs(parser, "people reseal", "gateway.cli.people_reseal:run")
