"""The state of one password at one target, as one value of mamiaSyncState."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

MAX_REASON_CHARS = 200
"""Characters of a reason that the directory keeps."""
CLOCKS_APART = timedelta(minutes=5)
"""As far as the clocks of gateway and directory may differ; Kerberos allows as much (RFC 4120, 8.2)."""
MAX_ATTEMPTS = 10**9
MIN_YEAR, MAX_YEAR = 1900, 9000
"""What is written lies between; a forged value outside would overflow where a pause is added to it."""
_TIME = "%Y%m%dT%H%M%SZ"


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    HELD = "held"
    """It waited in a directory that was restored from a backup: an operator decides whether it is delivered."""
    CONFIRMING = "settling"
    """The target has it, from a worker that took the lease of another: once more when that one can't be writing."""
    DONE = "done"
    REJECTED = "rejected"
    EXPIRED = "expired"


FINAL = frozenset({DeliveryStatus.DONE, DeliveryStatus.REJECTED, DeliveryStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class DeliveryState:
    target: str
    status: DeliveryStatus
    change: str
    """Names the change of password; the sealed secret carries the same one."""
    since: datetime
    """When the person changed the password (UTC)."""
    attempts: int
    at: datetime
    """Of the last attempt; at first the same as `since`."""
    reason: str = ""
    """A Reason where it was rejected, the operator's line where it waits."""
    needs_operator: bool = False
    """Time alone fixes nothing: an operator must."""

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def to(
        self, status: DeliveryStatus, *, at: datetime, reason: str = "", needs_operator: bool = False
    ) -> DeliveryState:
        return replace(
            self,
            status=status,
            attempts=self.attempts + 1,
            at=at,
            reason=_one_line(reason),
            needs_operator=needs_operator,
        )

    def held(self, reason: str) -> DeliveryState:
        """It waits for an operator; the attempts stay counted."""
        return replace(self, status=DeliveryStatus.HELD, reason=_one_line(reason), needs_operator=True)

    def resumed(self) -> DeliveryState:
        """As if it had just begun to wait."""
        return replace(self, status=DeliveryStatus.PENDING).afresh()

    def afresh(self) -> DeliveryState:
        """As if it had never been tried: due at once."""
        return replace(self, attempts=0, reason="", needs_operator=False)

    def __str__(self) -> str:
        """`target;step;change;since;attempts;at;pace;reason`, in ASCII."""
        pace = "slow" if self.needs_operator else "normal"
        times = self.since.strftime(_TIME), self.at.strftime(_TIME)
        return ";".join(
            (self.target, self.status, self.change, times[0], str(self.attempts), times[1], pace, self.reason)
        )


def pending(target: str, change: str, now: datetime) -> DeliveryState:
    return DeliveryState(
        target, DeliveryStatus.PENDING, change, now.replace(microsecond=0), 0, now.replace(microsecond=0)
    )


def read_state(value: str) -> DeliveryState | None:
    """None for a value that is not ours."""
    parts = value.split(";", 7)
    try:
        target, status, change, since, attempts, at, config, reason = parts
        counted = int(attempts)
        if not 0 <= counted <= MAX_ATTEMPTS:
            return None
        return DeliveryState(
            target, DeliveryStatus(status), change, _time(since), counted, _time(at), reason, config == "slow"
        )
    except ValueError:
        return None


def is_stale(states: Iterable[DeliveryState], changed_at: datetime | None) -> bool:
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
    return re.sub(r"\s+", " ", plain)[:MAX_REASON_CHARS].strip()
