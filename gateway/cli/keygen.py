"""`mamia keygen`: make the worker's key pair."""

from __future__ import annotations

import argparse

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json
from gateway.protection.seal import KeyFileError, make_key_pair


def run(arguments: argparse.Namespace) -> int:
    """Write NAME.key and NAME.pub, print their settings, and return the exit code.

    Raises CommandFailed if a file exists or cannot be written.
    """
    private, public = (arguments.name.with_name(arguments.name.name + suffix) for suffix in (".key", ".pub"))
    try:
        make_key_pair(private, public)
    except KeyFileError as error:
        raise CommandFailed(str(error), ErrorKind.FILE) from None
    if arguments.json:
        print_json({"private_key_file": str(private), "public_key_file": str(public)})
        return ExitCode.DONE
    print(f'{private}: the worker\'s; workstation.private_key_files = ["{private}"]. Keep a copy in a safe place:')
    print("  passwords that wait, sealed, when it is lost cannot be delivered any more.")
    print(f'{public}: the web service\'s; workstation.public_key_file = "{public}"')
    return ExitCode.DONE
