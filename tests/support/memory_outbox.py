"""An outbox in memory that keeps the promises of `workstation.ports.Outbox`.

Both this one and the outbox in the directory pass tests/workstation/test_outbox_contract.py, so what holds for
schedules over this one holds for the promises and not for one adapter.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from gateway.account.model import Secret
from gateway.workstation.lease import with_lease, write_leases
from gateway.workstation.model import Reason, Refused
from gateway.workstation.ports import Seal, Waiting
from gateway.workstation.restored import Numbers
from gateway.workstation.state import DeliveryState, pending

BASE = datetime(2027, 1, 4, 8, tzinfo=UTC)
"""What a right clock shows when the monotonic clock shows 0."""


@dataclass
class MemoryDirectory:
    """One person's entry, the numbers of workers, and the directory's clock."""

    seal: Seal
    targets: tuple[str, ...]
    monotonic: Callable[[], float]
    ahead: timedelta = timedelta(0)
    """How far the directory's clock is ahead of a right one."""
    password: str = "first"
    entry: Waiting = field(default_factory=lambda: Waiting("uid=a", "a", "uuid-a", b"", (), "", None))
    numbers: dict[str, int] = field(default_factory=dict)
    is_entry_deleted: bool = False

    def now(self) -> datetime:
        """Return the directory's time, in whole seconds as LDAP has it."""
        return (BASE + timedelta(seconds=self.monotonic()) + self.ahead).replace(microsecond=0)

    def change_password(self, new: str) -> None:
        """Take `new`, seal it and let it wait for every target, in one write as the gateway does."""
        now, change = self.now(), secrets.token_hex(6)
        states = tuple(pending(target, change, now) for target in self.targets)
        sealed = self.seal(Secret(new), uuid=self.entry.uuid, change=change)
        self.password = new
        self.entry = replace(self.entry, sealed=sealed, states=states, changed_at=now)

    def swap(self, before: Waiting, after: Waiting) -> bool:
        """Put `after` in the place of `before`; return False, and do nothing, if the entry is another one by now."""
        if (self.entry.sealed, self.entry.states, self.entry.lease) != (before.sealed, before.states, before.lease):
            return False
        self.entry = replace(after, changed_at=self.entry.changed_at, read_at=None)
        return True

    def backup(self) -> tuple[str, Waiting, dict[str, int]]:
        return self.password, self.entry, dict(self.numbers)

    def restore(self, backup: tuple[str, Waiting, dict[str, int]]) -> None:
        self.password, self.entry, self.numbers = backup[0], backup[1], dict(backup[2])


@dataclass
class MemoryOutbox:
    """`workstation.ports.Outbox` on a `MemoryDirectory`."""

    directory: MemoryDirectory

    def waiting(self) -> Iterable[Waiting]:
        """Return the entry where it waits. The time of its change is not asked for, as in the directory."""
        now = self.read(self.directory.entry.dn)
        return [replace(now, changed_at=None)] if now and now.sealed else []

    def read(self, dn: str) -> Waiting | None:
        """Return the entry as it is now, or None where it was deleted."""
        is_there = dn == self.directory.entry.dn and not self.directory.is_entry_deleted
        return self.directory.entry if is_there else None

    def claim(self, item: Waiting, target: str, lease: str) -> Waiting | None:
        """Put `lease` in the place of the one that `item` has; return the entry then, None where it has changed."""
        now = self.read(item.dn)
        if now is None or not now.sealed or now.state_at(target) != item.state_at(target):
            return None
        if now.leases.get(target, "") != item.leases.get(target, ""):
            return now if now.leases.get(target) == lease else None
        self.directory.swap(now, replace(now, lease=write_leases(with_lease(now.leases, target, lease))))
        return replace(self.directory.entry, read_at=self.directory.now())

    def release(self, dn: str, target: str, lease: str, *, late_write_marker: str = "") -> None:
        """Put `late_write_marker` in the place of `lease`, if that is still there."""
        now = self.read(dn)
        if now is None or now.leases.get(target) != lease:
            return
        self.directory.swap(now, replace(now, lease=write_leases(with_lease(now.leases, target, late_write_marker))))

    def record(
        self, item: Waiting, old: DeliveryState, new: DeliveryState, *, lease: str = "", late_write_marker: str = ""
    ) -> bool:
        """Put `new` in the place of `old`; return False, and write nothing, where `old` or `lease` has gone."""
        now = self.read(item.dn)
        if now is None:
            return False
        if old not in now.states or (lease and now.leases.get(old.target) != lease):
            return new in now.states
        states = tuple(new if state == old else state for state in now.states)
        is_over = all(state.is_final for state in states)
        leases = with_lease(now.leases, old.target, late_write_marker) if lease else dict(now.leases)
        after = replace(now, states=states, lease=write_leases(leases), sealed=b"" if is_over else now.sealed)
        return self.directory.swap(now, after)


@dataclass
class MemoryCheck:
    """`workstation.ports.DeliveryCheck`: a password may be delivered if it opens the entry as it is now."""

    directory: MemoryDirectory

    def check(self, item: Waiting, change: str, password: Secret) -> Refused | None:
        return None if password.reveal() == self.directory.password else Refused(Reason.NOT_IN_FORCE)


@dataclass
class MemoryTokens:
    """`workstation.restored.Tokens` in a `MemoryDirectory`."""

    directory: MemoryDirectory

    def read(self) -> Numbers:
        return Numbers(dict(self.directory.numbers), "memory")

    def swap(self, worker: str, old: int, new: int) -> bool:
        if self.directory.numbers.get(worker, 0) != old:
            return False
        self.directory.numbers[worker] = new
        return True


@dataclass
class MemoryRecord:
    """`workstation.restored.NumbersRecord`: what a worker's machine keeps, also when the worker dies."""

    worker: str
    saved: Numbers | None = None

    def load(self) -> Numbers | None:
        return self.saved

    def save(self, numbers: Numbers) -> None:
        self.saved = numbers
