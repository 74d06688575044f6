"""The interface for passwords that somebody changed at the directory itself, on their way into the outbox.

slapd reports a change before it makes it. So nothing is written until the directory holds what was reported: a change
that it refused, or that a newer one replaced, is not delivered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.account.model import Secret


@dataclass(frozen=True, slots=True)
class Prepared:
    """What to write for one change once that change is in force. The password in it is sealed."""

    entry: str
    login: str
    outcome: str
    """"captured", or the Reason for which nothing can be brought to the workstation."""
    targets: Sequence[str]
    changes: Mapping[str, Any]


class Outbox(Protocol):
    """Writes captured changes for the worker. All methods raise DirectoryUnavailable."""

    def prepare(self, entry: str, password: Secret | None) -> Prepared | None:
        """Seal `password` for the workstation of the person at `entry`.

        None where there is no such person, or no workstation. Without a password, the result says that none can be
        delivered. It has no changes for protected people, to whose workstations nothing is delivered.
        """

    def commit(self, prepared: Prepared, stored: Secret) -> bool:
        """Write what was prepared if the entry's password is stored as `stored`; else write nothing and return False.

        It never replaces a newer change.
        """
