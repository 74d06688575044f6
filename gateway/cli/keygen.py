"""`mamia keygen`: make the worker's key pair, or the secret of webhooks."""

from __future__ import annotations

import argparse

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json
from gateway.notifications.errors import WebhooksUnusable
from gateway.notifications.webhook_secrets import write_secret
from gateway.protection.seal import KeyFileError, make_key_pair


def run(arguments: argparse.Namespace) -> int:
    """Write NAME.key and NAME.pub, or NAME alone; print their settings, and return the exit code.

    Raises CommandFailed if a file exists or cannot be written.
    """
    if arguments.webhook:
        return _make_webhook_secret(arguments)
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


def _make_webhook_secret(arguments: argparse.Namespace) -> int:
    file = arguments.name
    try:
        write_secret(file)
    except WebhooksUnusable as error:
        raise CommandFailed(str(error), ErrorKind.FILE) from None
    if arguments.json:
        print_json({"secret_file": str(file)})
        return ExitCode.DONE
    print(f'{file}: webhooks.secret_file = "{file}". Web service and worker read it: chown root:mamia-read {file}')
    print("  The receiver needs the same line.")
    return ExitCode.DONE
