"""What delivery needs from the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.account.model import Secret
from gateway.workstation.model import DomainRules, Outcome, Probe, Reason, Refused, Unavailable
from gateway.workstation.state import SyncState, is_behind


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

    reference: str
    """Where the entry stands (its DN)."""
    login: str
    identity: str
    sealed: bytes
    states: tuple[SyncState, ...]
    lease: str
    """Who is at work on it; empty if nobody is."""
    changed_at: datetime | None
    """When the directory last took a new password (UTC); None where that was not asked for, or can't be seen."""
    is_outside: bool = False
    """Moved out of people.base: nothing is delivered there."""

    @property
    def is_over(self) -> bool:
        return all(state.is_final for state in self.states)

    @property
    def is_behind(self) -> bool:
        return is_behind(self.states, self.changed_at)


@dataclass(frozen=True, slots=True)
class Release:
    """A lease to be given back, and what is to stand in its place."""

    lease: str
    ghost: str = ""


class Outbox(Protocol):
    """The entries that wait. All raise DirectoryUnavailable; what was not answered may have been written."""

    def waiting(self) -> Iterable[Waiting]:
        """Every entry with a sealed secret, in no order."""

    def read(self, reference: str) -> Waiting | None:
        """The entry as it is now; None where nothing waits any more."""

    def claim(self, item: Waiting, lease: str) -> bool:
        """Put `lease` in the place of `item.lease`. False when lease or states are no longer those of `item`."""

    def release(self, reference: str, lease: str, *, ghost: str = "") -> None:
        """Take `lease` away, if it is still there, and leave `ghost` in its place where one is given."""

    def record(
        self, item: Waiting, old: SyncState, new: SyncState, *, erase: bool, release: Release | None = None
    ) -> bool:
        """Put `new` in the place of `old`, remove the sealed secret with `erase`, give a lease back, in one write.

        False, and nothing is written, when one of them is no longer the one that was read: a newer password came.
        """


class DeliveryCheck(Protocol):
    def check(self, item: Waiting, change: str, password: Secret) -> Refused | Unavailable | None:
        """Why `password` must not be set at a workstation, or not now; None where it may.

        It may for a person who has a workstation and is not protected, if it opens the person's entry as that is now.
        Raises DirectoryUnavailable.
        """


class Unseal(Protocol):
    def __call__(self, sealed: bytes, *, identity: str, change: str) -> Secret | Reason:
        """What was sealed for that entry and that change, or why it can't be had."""


class Seal(Protocol):
    def __call__(self, password: Secret, *, identity: str, change: str) -> bytes:
        """Close `password` so that the worker alone can open it, for that entry and that change."""


class JoinedTarget(Protocol):
    """A target in the same directory: its attributes join the Modify that sets the password."""

    @property
    def name(self) -> str:
        """As in the settings."""

    @property
    def object_classes(self) -> frozenset[str]:
        """In lower case: those that an entry must have to be an account there."""

    def changes(self, password: Secret, now: datetime) -> Mapping[str, Sequence[bytes]]:
        """The attributes to replace. Only an entry with `object_classes` may have them."""
