"""What delivery needs from the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.account.model import Secret
from gateway.workstation.lease import read_leases
from gateway.workstation.model import DomainRules, Outcome, Probe, Reason, Refused, Unavailable
from gateway.workstation.state import DeliveryState, is_stale


class Target(Protocol):
    """A place that must learn people's new passwords."""

    @property
    def name(self) -> str:
        """As in the settings: `[workstation.targets.<name>]`."""

    def set_password(self, login: str, password: Secret) -> Outcome:
        """Make `password` the one that opens the account of `login` there, and the former one open it no more.

        Never raises for what the target, the network or the settings can do; answers within the time limits of the
        settings. Setting the same password twice is safe. No other password than `password` is ever set.
        """

    def rules(self) -> DomainRules | None:
        """The target's rules, or None where it has none that can be read. Raises nothing."""

    def probe(self) -> Probe:
        """Whether passwords could be set, as far as that can be tried without setting one. Raises nothing."""

    def close(self) -> None:
        """Give connections back."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry whose sealed secret waits for one target or several."""

    dn: str
    """Where the entry stands (its DN)."""
    login: str
    uuid: str
    sealed: bytes
    states: tuple[DeliveryState, ...]
    lease: str
    """Who is at work on it, as the directory holds that; empty if nobody is."""
    changed_at: datetime | None
    """When the directory last took a new password (UTC); None where that was not asked for, or can't be seen."""
    other_logins: tuple[str, ...] = ()
    """Further logins of the entry: the account at a target may have one of them."""
    is_outside: bool = False
    """Moved out of people.base: nothing is delivered there, and neither secret nor states can be read."""
    read_at: datetime | None = None
    """The directory's own time when it answered with this; None where the answer did not tell."""

    @property
    def logins(self) -> tuple[str, ...]:
        return self.login, *self.other_logins

    @property
    def is_stale(self) -> bool:
        return is_stale(self.states, self.changed_at)

    @property
    def leases(self) -> dict[str, str]:
        """From the name of a target to the lease of the worker that is at work for it."""
        return read_leases(self.lease, [state.target for state in self.states])

    def state_at(self, target: str) -> DeliveryState | None:
        """One that is not final before one that is: somebody may have written two."""
        found = [state for state in self.states if state.target == target]
        return min(found, key=lambda state: state.is_final, default=None)


class Outbox(Protocol):
    """The entries that wait. All raise DirectoryUnavailable; what was not answered may have been written.

    Each target of an entry has a lease and a state of its own, and its worker changes those alone: where another
    worker wrote its own meanwhile, the write is made again on the entry as it is then.
    """

    def waiting(self) -> Iterable[Waiting]:
        """Every entry with a sealed secret, in no order."""

    def read(self, dn: str) -> Waiting | None:
        """The entry as it is now, also where nothing waits any more (`sealed` is empty); None where it is gone."""

    def claim(self, item: Waiting, target: str, lease: str) -> Waiting | None:
        """Put `lease` in the place of the one that `item` has for `target`: the entry as it is then, with `read_at`.

        None when the lease or the state of `target` is no longer the one of `item`.
        """

    def release(self, dn: str, target: str, lease: str, *, late_write_marker: str = "") -> None:
        """Take `lease` away, if it is still there, and leave `ghost` in its place where one is given."""

    def record(
        self, item: Waiting, old: DeliveryState, new: DeliveryState, *, lease: str = "", late_write_marker: str = ""
    ) -> bool:
        """Put `new` in the place of `old` and `ghost` in the place of `lease`, in one write.

        The same write removes the sealed secret once every state is final; no ghost is left then. Without a `lease`,
        leases stay as they are. False, and nothing is written, when `old` or `lease` is there no longer: a newer
        password came, or another worker took over.
        """


class DeliveryCheck(Protocol):
    def check(self, item: Waiting, change: str, password: Secret) -> Refused | Unavailable | None:
        """Why `password` must not be set at a workstation, or not now; None where it may.

        It may for a person who has a workstation and is not protected, if it opens the person's entry as that is now.
        Raises DirectoryUnavailable.
        """


class Unseal(Protocol):
    def __call__(self, sealed: bytes, *, uuid: str, change: str) -> Secret | Reason:
        """What was sealed for that entry and that change, or why it can't be had."""


class Seal(Protocol):
    def __call__(self, password: Secret, *, uuid: str, change: str) -> bytes:
        """Close `password` so that the worker alone can open it, for that entry and that change."""


class InlineTarget(Protocol):
    """A target in the same directory: its attributes join the Modify that sets the password."""

    @property
    def name(self) -> str:
        """As in the settings."""

    @property
    def object_classes(self) -> frozenset[str]:
        """In lower case: those that an entry must have to be an account there."""

    def changes(self, password: Secret, now: datetime) -> Mapping[str, Sequence[bytes]]:
        """The attributes to replace. Only an entry with `object_classes` may have them."""
