"""The list of `mamia sync status`: one line per person and target, and per entry outside people.base.

There may be as many lines as people. They are sorted, so all are in memory at once: each as one short row of bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.cli import sync_held, sync_moved
from gateway.cli.terminal import printable
from gateway.directory.outbox import Sent
from gateway.workstation.ports import Waiting
from gateway.workstation.state import CLOCKS_APART, FINAL, DeliveryStatus, StateParts, state_parts

HEADINGS = ("login", "target", "state", "age", "attempts", "last reason")
CHANGED_SINCE = """
changed since: another program set a newer password in the directory. The target has an older one. Only the person
knows the new one: ask them to change it once more, on the page. mamia capture delivers such changes too
(docs/capture.md). If a person does not need a workstation any more: mamia sync forget LOGIN."""
ORDER = {step: chr(ord("a") + place) for place, step in enumerate(DeliveryStatus)}
STATUSES = {letter: step for step, letter in ORDER.items()}
IS_STALE = {"0": True, "1": False, "2": None}
CODES = {is_stale: code for code, is_stale in IS_STALE.items()}
"""Whether the directory has a newer password; None if the worker cannot read when the password was changed."""


class KnownDelivery(NamedTuple):
    """One line of `mamia sync status`: the state of one person's password at one target."""

    login: str
    target: str
    status: DeliveryStatus
    since: datetime
    at: datetime
    attempts: int
    reason: str
    needs_operator: bool
    """Whether the delivery does not go on until an operator acts."""
    is_stale: bool | None

    def row(self, now: datetime) -> tuple[str, ...]:
        """Return the cells of the table, in the order of HEADINGS."""
        status = _status(self.status, self.needs_operator, self.is_stale)
        return self.login, self.target, status, _age(self.since, now), str(self.attempts), self.reason

    def as_json(self, now: datetime) -> dict[str, object]:
        """Return the same for programs, with times in ISO 8601 (UTC) and the age in seconds."""
        return {
            "login": self.login,
            "target": self.target,
            "state": self.status,
            "since": self.since.isoformat(),
            "age_seconds": max(0, int((now - self.since).total_seconds())),
            "attempts": self.attempts,
            "last_attempt": self.at.isoformat() if self.attempts else None,
            "last_reason": self.reason,
            "needs_operator": self.needs_operator,
            "changed_since": self.is_stale,
        }


@dataclass(slots=True)
class KnownDeliveries:
    """The deliveries of all entries, with those first that need somebody."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    widths: list[int] = field(default_factory=lambda: list(map(len, HEADINGS)))
    """Characters of each column of the table."""
    _packed: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[KnownDelivery]:
        return map(_unpacked, self._packed)

    @classmethod
    def of(cls, everybody: Iterable[Sent]) -> KnownDeliveries:
        """Return the deliveries of `everybody`, sorted."""
        known = cls()
        for login, states, changed_at in everybody:
            known._add(login, [one for one in map(state_parts, states) if one is not None], changed_at)
        known._packed.sort()
        return known

    def _add(self, login: str, states: Sequence[StateParts], changed_at: datetime | None) -> None:
        is_stale = None
        if changed_at is not None and states:
            is_stale = changed_at > max([one[3] for one in states]) + CLOCKS_APART
        for place, parts in enumerate(states):
            target, status, _, since, attempts, at, reason, needs_operator, _ = parts
            needs_operator = needs_operator and status not in FINAL
            one = KnownDelivery(login, target, status, since, at, attempts, reason, needs_operator, is_stale)
            self._packed.append(_packed(one, place))
            for column, cell in enumerate(one.row(self.now)):
                if len(cell) > self.widths[column]:
                    self.widths[column] = len(cell)


def _packed(one: KnownDelivery, place: int) -> bytes:
    """Return one row that sorts as the table does: stale, status, since, login, and the target's place."""
    _, _, status, since, at, attempts, reason, needs_operator, is_stale = one
    # A value of the directory may have any character; this one separates.
    login, target = one.login.replace("\0", "\ufffd"), one.target.replace("\0", "\ufffd")
    key = f"{'0' if is_stale else '1'}{ORDER[status]}{since.isoformat()}\0{login}\0{place:03}"
    tried = "" if at is since else at.isoformat()
    return f"{key}\0{target}\0{attempts}\0{tried}\0{needs_operator:d}\0{CODES[is_stale]}\0{reason}".encode()


def _unpacked(packed: bytes) -> KnownDelivery:
    key, login, _, target, attempts, tried, needs, stale, reason = packed.decode().split("\0", 8)
    since = datetime.fromisoformat(key[2:])
    at = datetime.fromisoformat(tried) if tried else since
    return KnownDelivery(
        login, target, STATUSES[key[1]], since, at, int(attempts), reason, needs == "1", IS_STALE[stale]
    )


def lines(known: KnownDeliveries, moved: Sequence[Waiting]) -> Iterator[str]:
    """Yield the lines for people, each delivery on one line, and after them what to do."""
    if not known and not moved:
        yield "nothing waits, nothing was sent yet"
        return
    outside, notes = [*map(sync_moved.row, moved)], set[str]()
    widths = [max(map(len, column)) for column in zip(*outside, HEADINGS, strict=True)]
    widths = [*map(max, widths, known.widths)]
    yield from (_line(cells, widths) for cells in (HEADINGS, *outside))
    for one in known:
        if one.is_stale:
            notes.add(CHANGED_SINCE)
        if one.status is DeliveryStatus.HELD:
            notes.add(sync_held.HELD)
        yield _line(one.row(known.now), widths)
    if moved:
        notes.add(sync_moved.MOVED_OUT)
    yield from (note for note in (CHANGED_SINCE, sync_held.HELD, sync_moved.MOVED_OUT) if note in notes)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return printable("  ".join(map(str.ljust, cells, widths)).rstrip())


def _status(status: DeliveryStatus, needs_operator: bool, is_stale: bool | None) -> str:
    if not needs_operator and not is_stale:
        return status.value
    notes = [*(["needs you"] if needs_operator else []), *(["changed since"] if is_stale else [])]
    return f"{status} ({', '.join(notes)})"


def _age(since: datetime, now: datetime) -> str:
    age = now - since
    seconds = age.days * 86400 + age.seconds
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"
