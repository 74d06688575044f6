"""The state of one password at one target, as one value of mamiaSyncState."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

LONGEST_REASON = 200
"""Characters of a reason that the directory keeps."""
CLOCKS_APART = timedelta(minutes=5)
"""As far as the clocks of gateway and directory may differ; Kerberos allows as much (RFC 4120, 8.2)."""
MAX_ATTEMPTS = 10**9
MIN_YEAR, MAX_YEAR = 1900, 9000
"""What is written lies between; a forged value outside would overflow where a pause is added to it."""
_TIME = "%Y%m%dT%H%M%SZ"


class Step(StrEnum):
    PENDING = "pending"
    HELD = "held"
    """It waited in a directory that was restored from a backup: an operator decides whether it is delivered."""
    SETTLING = "settling"
    """The target has it, from a worker that took the lease of another: once more when that one can't be writing."""
    DONE = "done"
    REJECTED = "rejected"
    EXPIRED = "expired"


FINAL = frozenset({Step.DONE, Step.REJECTED, Step.EXPIRED})


@dataclass(frozen=True, slots=True)
class SyncState:
    target: str
    step: Step
    change: str
    """Names the change of password; the sealed secret carries the same one."""
    since: datetime
    """When the person changed the password (UTC)."""
    attempts: int
    at: datetime
    """Of the last attempt; at first the same as `since`."""
    reason: str = ""
    """A Reason where it was rejected, the operator's line where it waits."""
    slow: bool = False
    """Time alone mends nothing: an operator must."""

    @property
    def is_final(self) -> bool:
        return self.step in FINAL

    def to(self, step: Step, *, at: datetime, reason: str = "", slow: bool = False) -> SyncState:
        return replace(self, step=step, attempts=self.attempts + 1, at=at, reason=_one_line(reason), slow=slow)

    def held(self, reason: str) -> SyncState:
        """It waits for an operator; the attempts stay counted."""
        return replace(self, step=Step.HELD, reason=_one_line(reason), slow=True)

    def resumed(self) -> SyncState:
        """As if it had just begun to wait."""
        return replace(self, step=Step.PENDING).afresh()

    def afresh(self) -> SyncState:
        """As if it had never been tried: due at once."""
        return replace(self, attempts=0, reason="", slow=False)

    def __str__(self) -> str:
        """`target;step;change;since;attempts;at;pace;reason`, in ASCII."""
        pace = "slow" if self.slow else "normal"
        times = self.since.strftime(_TIME), self.at.strftime(_TIME)
        return ";".join(
            (self.target, self.step, self.change, times[0], str(self.attempts), times[1], pace, self.reason)
        )


def pending(target: str, change: str, now: datetime) -> SyncState:
    return SyncState(target, Step.PENDING, change, now.replace(microsecond=0), 0, now.replace(microsecond=0))


def read_state(value: str) -> SyncState | None:
    """None for a value that is not ours."""
    parts = value.split(";", 7)
    try:
        target, step, change, since, attempts, at, pace, reason = parts
        counted = int(attempts)
        if not 0 <= counted <= MAX_ATTEMPTS:
            return None
        return SyncState(target, Step(step), change, _time(since), counted, _time(at), reason, pace == "slow")
    except ValueError:
        return None


def is_behind(states: Iterable[SyncState], changed_at: datetime | None) -> bool:
    """Whether the directory took a newer password than any of `states`: set past the gateway, and brought nowhere."""
    newest = max((state.since for state in states), default=None)
    return newest is not None and changed_at is not None and changed_at > newest + CLOCKS_APART


def _time(text: str) -> datetime:
    """Raises ValueError, also for a year to which no pause can be added."""
    moment = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    if not MIN_YEAR <= moment.year <= MAX_YEAR:
        raise ValueError
    return moment


def _one_line(text: str) -> str:
    """What an IA5 value takes: ASCII, one line, not too long."""
    plain = text.encode("ascii", "replace").decode()
    return re.sub(r"\s+", " ", plain)[:LONGEST_REASON].strip()
