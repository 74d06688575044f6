"""What delivery needs from the world."""

from __future__ import annotations

from typing import Protocol

from gateway.account.model import Secret
from gateway.workstation.model import DomainRules, Outcome


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

    def close(self) -> None:
        """Give connections back."""
