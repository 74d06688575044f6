"""`mamia sync resume` and `forget --all-held`: what an operator decides after the directory was restored."""

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
LOGIN, or --all-held. What else to do after a restore: docs/restore.md."""


def add_choice(parser: argparse.ArgumentParser) -> None:
    """LOGIN, or everybody whose password is held."""
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("login", metavar="LOGIN", nargs="?", help="or the DN of the entry")
    choice.add_argument(
        "--all-held", action="store_true", help="everybody whose password is held since the directory was restored"
    )


def is_held(item: Waiting) -> bool:
    return any(state.status is DeliveryStatus.HELD for state in item.states)


def resume(outbox: LdapOutbox, items: Iterable[Waiting]) -> bool:
    """Let what is held be delivered; whether all of it could. Raises DirectoryUnavailable."""
    done = [_resume(outbox, item) for item in items]
    return all(done)


def forget(outbox: LdapOutbox, items: Iterable[Waiting]) -> bool:
    """Erase what is held; whether all of it could be. Raises DirectoryUnavailable."""
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
