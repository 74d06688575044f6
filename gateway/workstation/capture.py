"""A password that somebody changed at the directory itself, on its way into the outbox.

slapd announces a change before it makes it, so nothing is written until the directory is seen to hold what was
announced: what it refused, and what a newer change took the place of, goes nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.account.model import Secret


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be written for one change, once that change is in force. The password in it is sealed."""

    entry: str
    login: str
    outcome: str
    """"captured", or the Reason for which nothing can be brought to the workstation."""
    targets: Sequence[str]
    changes: Mapping[str, Any]


class Outbox(Protocol):
    """All raise DirectoryUnavailable."""

    def prepare(self, entry: str, password: Secret | None) -> Prepared | None:
        """Seal `password` for the workstation of the person at `entry`; None where there is no such person, or no
        workstation. Without a password: what tells that none can be brought there. Without changes for protected
        people, to whose workstation nothing is brought."""

    def commit(self, prepared: Prepared, stored: Secret) -> bool:
        """Write what was prepared if the entry's password is stored as `stored`; else False, and nothing is written.

        What is written never takes the place of a newer change.
        """
