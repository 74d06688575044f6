"""The interfaces that delivery needs: targets, outbox, check, seal."""

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
        """Return the target's rules, or None where it has none that can be read. Raises nothing."""

    def probe(self) -> Probe:
        """Return whether passwords could be set, as far as that can be tried without setting one. Raises nothing."""

    def close(self) -> None:
        """Close connections."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry whose sealed secret waits for one target or several."""

    dn: str
    """The entry's DN."""
    login: str
    uuid: str
    sealed: bytes
    states: tuple[DeliveryState, ...]
    lease: str
    """The value of mamiaSyncLease; empty if nobody is at work."""
    changed_at: datetime | None
    """When the directory last took a new password (UTC); None where that was not asked for, or can't be seen."""
    other_logins: tuple[str, ...] = ()
    """Further logins of the entry: the account at a target may have one of them."""
    is_outside: bool = False
    """Moved out of people.base: nothing is delivered there, and neither secret nor states can be read."""
    read_at: datetime | None = None
    """The directory's own time (UTC) in the answer; None where it has none."""

    @property
    def logins(self) -> tuple[str, ...]:
        """All logins of the entry, the main one first."""
        return self.login, *self.other_logins

    @property
    def is_stale(self) -> bool:
        """Whether the directory took a newer password than those of the states."""
        return is_stale(self.states, self.changed_at)

    @property
    def leases(self) -> dict[str, str]:
        """The lease of each target at which a worker is at work, by the target's name."""
        return read_leases(self.lease, [state.target for state in self.states])

    def state_at(self, target: str) -> DeliveryState | None:
        """Return the state of `target`, or None. Somebody may have written two: then the one that is not final."""
        found = [state for state in self.states if state.target == target]
        return min(found, key=lambda state: state.is_final, default=None)


class Outbox(Protocol):
    """The entries that wait. All raise DirectoryUnavailable; what was not answered may have been written.

    Each target of an entry has a lease and a state of its own, and its worker changes those alone: where another
    worker wrote its own meanwhile, the write is made again on the entry as it is then.
    """

    def waiting(self) -> Iterable[Waiting]:
        """Return every entry with a sealed secret, in no order."""

    def read(self, dn: str) -> Waiting | None:
        """Return the entry as it is now; None if it was deleted. `sealed` is empty if nothing waits any more."""

    def claim(self, item: Waiting, target: str, lease: str) -> Waiting | None:
        """Put `lease` in the place of the one that `item` has for `target`; return the entry then, with `read_at`.

        None, and nothing is written, when the lease or the state of `target` is no longer the one of `item`.
        """

    def release(self, dn: str, target: str, lease: str, *, late_write_marker: str = "") -> None:
        """Put `late_write_marker` in the place of `lease`, if that is still there; "" leaves nothing."""

    def record(
        self, item: Waiting, old: DeliveryState, new: DeliveryState, *, lease: str = "", late_write_marker: str = ""
    ) -> bool:
        """Put `new` in the place of `old` and `late_write_marker` in the place of `lease`, in one write.

        The same write removes the sealed secret once every state is final; a marker stays for the next change.
        Without a `lease`, leases stay as they are. False, and nothing is written, when `old` or `lease` has gone: a
        newer password came, or another worker took over.
        """


class DeliveryCheck(Protocol):
    """Decides whether a password may be set at a workstation now."""

    def check(self, item: Waiting, change: str, password: Secret) -> Refused | Unavailable | None:
        """Return why `password` must not be set at a workstation, or not now; None if it may.

        It may for a person who has a workstation and is not protected, if it opens the person's entry as that is now.
        Raises DirectoryUnavailable.
        """


class Unseal(Protocol):
    """Opens sealed passwords with the worker's private keys."""

    def __call__(self, sealed: bytes, *, uuid: str, change: str) -> Secret | Reason:
        """Return what was sealed for the entry `uuid` and `change`, or why it can't be read."""


class Seal(Protocol):
    """Seals passwords with the worker's public key."""

    def __call__(self, password: Secret, *, uuid: str, change: str) -> bytes:
        """Return `password` sealed for the entry `uuid` and `change`, so that the worker alone can open it."""


class InlineTarget(Protocol):
    """A target in the same directory: its attributes join the Modify that sets the password."""

    @property
    def name(self) -> str:
        """As in the settings."""

    @property
    def object_classes(self) -> frozenset[str]:
        """The object classes that an entry must have to be an account there, in lower case."""

    def changes(self, password: Secret, now: datetime) -> Mapping[str, Sequence[bytes]]:
        """Return the attributes to replace at `now` (UTC). Only an entry with `object_classes` may have them."""
