"""`mamia sync resume` and `forget --all-held`: deliver or erase held passwords after the directory was restored."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from gateway.directory.outbox import LdapOutbox
from gateway.workstation.ports import Waiting
from gateway.workstation.state import DeliveryStatus

HELD = """
held: the directory was restored from a backup, and this password waited in it. The workstation may have a newer one.
Deliver it: mamia sync resume LOGIN, or --all-held. Give it up, and ask the person to change it: mamia sync forget
LOGIN, or --all-held. docs/restore.md says what else to do after a restore."""


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the choice between LOGIN and --all-held to the options of a command."""
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("login", metavar="LOGIN", nargs="?", help="login of the person, or the DN of the entry")
    choice.add_argument(
        "--all-held", action="store_true", help="all people whose password is held since the directory was restored"
    )


def is_held(item: Waiting) -> bool:
    """Return whether at least one delivery of the person is held."""
    return any(state.status is DeliveryStatus.HELD for state in item.states)


def resume(outbox: LdapOutbox, items: Iterable[Waiting]) -> bool:
    """Make held deliveries due now, and print a line per person.

    Returns False if a password changed meanwhile and was not resumed. Raises DirectoryUnavailable.
    """
    done = [_resume(outbox, item) for item in items]
    return all(done)


def forget(outbox: LdapOutbox, items: Iterable[Waiting]) -> bool:
    """Erase held passwords, and print a line per person.

    Returns False if a password changed meanwhile and was not erased. Raises DirectoryUnavailable.
    """
    done = [_print_result(item, outbox.forget(item, datetime.now(UTC)), "forgotten") for item in items]
    return all(done)


def _resume(outbox: LdapOutbox, item: Waiting) -> bool:
    held = [state for state in item.states if state.status is DeliveryStatus.HELD]
    written = [outbox.record(item, state, state.resumed()) for state in held]
    return _print_result(item, all(written), f"will be delivered now to {', '.join(state.target for state in held)}")


def _print_result(item: Waiting, is_done: bool, what: str) -> bool:
    if is_done:
        print(f"{item.login}: {what}")
    else:
        print(f"{item.login}: a newer password came meanwhile; see mamia sync status", file=sys.stderr)
    return is_done
