"""`mamia keygen`: make the worker's key pair."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gateway.protection.seal import KeyFileError, make_key_pair


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `keygen` to the commands."""
    parser = commands.add_parser(
        "keygen",
        help="make the key pair that passwords for the workstation are sealed with",
        description="Write NAME.key for the worker alone (mode 0600) and NAME.pub for the web service. "
        "Run it where the worker runs, as its user; an existing file is never overwritten.",
    )
    parser.add_argument(
        "name", type=Path, metavar="NAME", help="path of both files without the suffix, such as /etc/mamia/worker"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write NAME.key and NAME.pub, print their settings, and return 0; 1 if a file exists or cannot be written."""
    private, public = (arguments.name.with_name(arguments.name.name + suffix) for suffix in (".key", ".pub"))
    try:
        make_key_pair(private, public)
    except KeyFileError as error:
        print(f"mamia keygen: {error}", file=sys.stderr)
        return 1
    print(f'{private}: the worker\'s; workstation.private_key_files = ["{private}"]. Keep a copy in a safe place:')
    print("  passwords that wait, sealed, when it is lost cannot be delivered any more.")
    print(f'{public}: the web service\'s; workstation.public_key_file = "{public}"')
    return 0
