"""`mamia sync status`, `retry`, `resume` and `forget`: show and change what waits in the outbox."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain

from gateway.account.errors import DirectoryUnavailable
from gateway.cli import sync_held, sync_moved
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json, print_json_list
from gateway.cli.progress import counted
from gateway.cli.sync_held import Result
from gateway.cli.sync_moved import SeveralFound, find, named
from gateway.cli.sync_status import KnownDeliveries, lines
from gateway.cli.terminal import printable
from gateway.directory.failover import LdapServers
from gateway.directory.outbox import LdapOutbox
from gateway.directory.pool import ConnectionPool
from gateway.settings.loader import load
from gateway.settings.service_accounts import workers_directory
from gateway.workstation.ports import Waiting

MEANWHILE = "a newer password came meanwhile; see mamia sync status"


def run_status(arguments: argparse.Namespace) -> int:
    """Print one line per person and target, and per entry that was moved out of people.base.

    Returns the exit code. Raises CommandFailed if the directory does not answer, and SettingsError.
    """
    with _outbox(arguments) as outbox:
        known = outbox.gather(
            lambda everybody: KnownDeliveries.of(counted(everybody, "entries", hidden=arguments.json, stays=False))
        )
        moved = outbox.moved_out()
    if arguments.json:
        print_json_list(chain(map(sync_moved.as_json, moved), (one.as_json(known.now) for one in known)))
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(known, moved))
    return ExitCode.DONE


def run_retry(arguments: argparse.Namespace) -> int:
    """Make the deliveries of one person due now, and return the exit code.

    A rejected or expired password was erased and cannot be sent again. Raises CommandFailed if nothing waits, if the
    password is held, if the entry was moved out of people.base, or if the directory does not answer.
    """
    login = arguments.login
    with _outbox(arguments) as outbox:
        item = find(outbox, login)
        if item and item.is_outside:
            message = f"{login}: moved out of people.base: nothing is delivered there"
            raise CommandFailed(message, ErrorKind.REFUSED)
        if item is None or not item.sealed:
            raise _nothing_waits(login)
        if sync_held.is_held(item):
            raise CommandFailed(f"{login}: it is held: mamia sync resume {login}", ErrorKind.REFUSED)
        waiting = [state for state in item.states if not state.is_final]
        done = [outbox.record(item, state, state.afresh()) for state in waiting]
    if not all(done):
        raise CommandFailed(f"{login}: {MEANWHILE}", ErrorKind.CHANGED_MEANWHILE)
    where = ", ".join(state.target for state in waiting)
    return _report(arguments, [Result(login, True, f"will be tried now at {where}")])


def run_resume(arguments: argparse.Namespace) -> int:
    """Deliver held passwords, and return the exit code: PROBLEM if not all could be resumed.

    Raises CommandFailed if nothing is held, or if the directory does not answer.
    """
    return _decide(arguments, sync_held.resume)


def run_forget(arguments: argparse.Namespace) -> int:
    """Erase what waits for one person, or everything that is held, and return the exit code.

    Also erases the mark that the directory has a newer password. Raises CommandFailed if there is nothing to erase,
    if a newer password came meanwhile, or if the directory does not answer.
    """
    if arguments.all_held:
        return _decide(arguments, sync_held.forget)
    login = arguments.login
    with _outbox(arguments) as outbox:
        item = find(outbox, login)
        if item is None or not (item.sealed or item.is_stale or item.is_outside):
            raise _nothing_waits(login)
        if not outbox.forget(item, datetime.now(UTC)):
            raise CommandFailed(f"{login}: {MEANWHILE}", ErrorKind.CHANGED_MEANWHILE)
    text = "forgotten; the targets that had not taken it keep the old password"
    return _report(arguments, [Result(login, True, text)])


def _decide(arguments: argparse.Namespace, decide: Callable[[LdapOutbox, list[Waiting]], list[Result]]) -> int:
    """Call `decide` with the held password of one person, or with all that are held; return the exit code."""
    with _outbox(arguments) as outbox:
        known = outbox.all_entries() if arguments.all_held else named(outbox, arguments.login)
        # Nothing is delivered to an entry that was moved out of people.base.
        items = [item for item in known if sync_held.is_held(item) and not item.is_outside]
        if not items:
            message = f"{arguments.login or 'nobody'}: nothing is held; see mamia sync status"
            raise CommandFailed(message, ErrorKind.NOT_FOUND)
        return _report(arguments, decide(outbox, items))


def _report(arguments: argparse.Namespace, results: Sequence[Result]) -> int:
    """Print what became of each person's password, and return the exit code: PROBLEM if one could not be changed."""
    if arguments.json:
        print_json([asdict(result) for result in results])
    else:
        for result in results:
            print(printable(f"{result.login}: {result.message}"), file=sys.stdout if result.done else sys.stderr)
    return ExitCode.DONE if all(result.done for result in results) else ExitCode.PROBLEM


@contextmanager
def _outbox(arguments: argparse.Namespace) -> Iterator[LdapOutbox]:
    """Open the outbox to read and change it; nothing is delivered, so neither a private key nor webhooks are needed.

    Raises SettingsError, and CommandFailed for failures of the directory.
    """
    settings = load(arguments.config, web_secrets=False)
    directory = workers_directory(settings, arguments.config)
    with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
        try:
            yield LdapOutbox(pool, settings.people)
        except DirectoryUnavailable as error:
            raise CommandFailed(f"the directory does not answer: {error}", ErrorKind.DIRECTORY) from None
        except SeveralFound as error:
            raise CommandFailed(str(error), ErrorKind.REFUSED) from None


def _nothing_waits(login: str) -> CommandFailed:
    return CommandFailed(f"{login}: nothing waits for it; see mamia sync status", ErrorKind.NOT_FOUND)
