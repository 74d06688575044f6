"""`mamia people reseal`: seal the recovery methods of all people with the newest key of web.secret_keys."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import asdict

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.operator_credentials import as_operator
from gateway.cli.output import print_json
from gateway.directory.failover import LdapServers
from gateway.directory.pool import ConnectionPool
from gateway.directory.sealed_methods import SealedMethods
from gateway.protection.recovery_seal import RecoverySeals
from gateway.services.resealing import Resealed, reseal
from gateway.settings.loader import load


def run(arguments: argparse.Namespace) -> int:
    """Seal anew, print the counts, and return the exit code. Raises CommandFailed, SettingsError."""
    settings = load(arguments.config)
    directory = as_operator(settings.directory, arguments)
    with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
        try:
            done = reseal(SealedMethods(pool, settings.people), RecoverySeals(settings.web.keys))
        except DirectoryMisconfigured as error:
            raise CommandFailed(f"{error}; nothing was written", ErrorKind.DIRECTORY) from None
        except (DirectoryUnavailable, LDAPException, OSError) as error:
            raise CommandFailed(f"{error}; run the command again: it goes on there", ErrorKind.DIRECTORY) from None
    if arguments.json:
        print_json(asdict(done))
    else:
        print("\n".join(_in_words(done)))
    return ExitCode.DONE if done.is_whole else ExitCode.PROBLEM


def _in_words(done: Resealed) -> list[str]:
    lines = [f"{done.renewed} recovery methods sealed with the newest key; {done.current} had it already"]
    if done.unreadable:
        lines.append(
            f"{done.unreadable} are opened by no key of web.secret_keys: bring the key of their seal back, or their "
            "owners remove them on the page of recovery methods"
        )
    if done.changed_meanwhile:
        lines.append(f"{done.changed_meanwhile} were changed by their owners meanwhile: run the command again")
    return lines
