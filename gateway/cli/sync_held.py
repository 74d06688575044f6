"""`mamia sync resume` and `forget --all-held`: deliver or erase held passwords after the directory was restored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.directory.outbox import LdapOutbox
from gateway.workstation.ports import Waiting
from gateway.workstation.state import DeliveryStatus

HELD = """
held: the directory was restored from a backup, and this password waited in it. The workstation may have a newer one.
Deliver it: mamia sync resume LOGIN, or --all-held. Give it up, and ask the person to change it: mamia sync forget
LOGIN, or --all-held. docs/restore.md says what else to do after a restore."""


def is_held(item: Waiting) -> bool:
    """Return whether at least one delivery of the person is held."""
    return any(state.status is DeliveryStatus.HELD for state in item.states)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the password of one person."""

    login: str
    done: bool
    message: str


def resume(outbox: LdapOutbox, items: Iterable[Waiting]) -> list[Result]:
    """Make held deliveries due now, and return one result per person. Raises DirectoryUnavailable."""
    return [_resume(outbox, item) for item in items]


def forget(outbox: LdapOutbox, items: Iterable[Waiting]) -> list[Result]:
    """Erase held passwords, and return one result per person. Raises DirectoryUnavailable."""
    return [_result(item, outbox.forget(item, datetime.now(UTC)), "forgotten") for item in items]


def _resume(outbox: LdapOutbox, item: Waiting) -> Result:
    held = [state for state in item.states if state.status is DeliveryStatus.HELD]
    written = [outbox.record(item, state, state.resumed()) for state in held]
    return _result(item, all(written), f"will be delivered now to {', '.join(state.target for state in held)}")


def _result(item: Waiting, is_done: bool, what: str) -> Result:
    return Result(item.login, is_done, what if is_done else "a newer password came meanwhile; see mamia sync status")
