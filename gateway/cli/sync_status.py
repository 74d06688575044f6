"""The list of `mamia sync status`: one line per person and target, and per entry outside people.base."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.cli import sync_held, sync_moved
from gateway.cli.output import iso
from gateway.cli.terminal import printable
from gateway.workstation.ports import Waiting
from gateway.workstation.state import DeliveryState, DeliveryStatus

HEADINGS = ("login", "target", "state", "age", "attempts", "last reason")
CHANGED_SINCE = """
changed since: another program set a newer password in the directory. The target has an older one. Only the person
knows the new one: ask them to change it once more, on the page. mamia capture delivers such changes too
(docs/capture.md). If a person does not need a workstation any more: mamia sync forget LOGIN."""
ORDER = {step: place for place, step in enumerate(DeliveryStatus)}


@dataclass(frozen=True, slots=True)
class KnownDelivery:
    """One line of `mamia sync status`: the state of one person's password at one target."""

    login: str
    state: DeliveryState
    is_stale: bool | None
    """Whether the directory has a newer password; None if the worker cannot read when the password was changed."""

    @property
    def needs_operator(self) -> bool:
        """Whether the delivery does not go on until an operator acts."""
        return self.state.needs_operator and not self.state.is_final

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table, in the order of HEADINGS."""
        state = self.state
        notes = [*(["needs you"] if self.needs_operator else []), *(["changed since"] if self.is_stale else [])]
        status = f"{state.status} ({', '.join(notes)})" if notes else str(state.status)
        return self.login, state.target, status, _age(state), str(state.attempts), state.reason

    def as_json(self) -> dict[str, object]:
        """Return the same for programs, with times in ISO 8601 (UTC) and the age in seconds."""
        state = self.state
        return {
            "login": self.login,
            "target": state.target,
            "state": state.status,
            "since": iso(state.since),
            "age_seconds": max(0, int((datetime.now(UTC) - state.since).total_seconds())),
            "attempts": state.attempts,
            "last_attempt": iso(state.at) if state.attempts else None,
            "last_reason": state.reason,
            "needs_operator": self.needs_operator,
            "changed_since": self.is_stale,
        }


def table(known: Sequence[KnownDelivery], moved: Sequence[Waiting]) -> str:
    """Return the lines for people, each delivery on one line, and below them what to do."""
    if not known and not moved:
        return "nothing waits, nothing was sent yet"
    rows = [HEADINGS, *map(sync_moved.row, moved), *(one.row() for one in known)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines = [printable(line) for line in lines]
    notes = [CHANGED_SINCE] if any(one.is_stale for one in known) else []
    notes += [sync_held.HELD] if any(one.state.status is DeliveryStatus.HELD for one in known) else []
    notes += [sync_moved.MOVED_OUT] if moved else []
    return "\n".join([*lines, *notes])


def _age(state: DeliveryState) -> str:
    seconds = int((datetime.now(UTC) - state.since) / timedelta(seconds=1))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"


def known_deliveries(entries: Iterable[Waiting]) -> list[KnownDelivery]:
    """Return the deliveries of all entries, with those first that need somebody."""
    known = (
        KnownDelivery(item.login, state, item.is_stale if item.changed_at else None)
        for item in entries
        for state in item.states
    )
    return sorted(known, key=lambda one: (not one.is_stale, ORDER[one.state.status], one.state.since, one.login))
