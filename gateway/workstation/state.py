"""The state of one password at one target, as one value of mamiaSyncState."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.workstation.former_values import REASONS, STATUSES

MAX_REASON_CHARS = 200
"""Characters of a reason that the directory keeps."""
CLOCKS_APART = timedelta(minutes=5)
"""As far as the clocks of gateway and directory may differ; Kerberos allows as much (RFC 4120, 8.2)."""
MAX_ATTEMPTS = 10**9
MIN_YEAR, MAX_YEAR = 1900, 9000
"""What is written lies between; a forged value outside would overflow where a pause is added to it."""
_TIME, _TIME_CHARS = "%Y%m%dT%H%M%SZ", 16


class DeliveryStatus(StrEnum):
    """How far a password has come at one target. The values are stable: they are in the directory."""

    PENDING = "pending"
    """It waits for an attempt, the first one or another."""
    HELD = "held"
    """It waited in a directory that was restored from a backup: an operator decides whether it is delivered."""
    CONFIRMING = "confirming"
    """The target has it, but a late write was possible: it is set once more when none can arrive any more."""
    DONE = "done"
    """The target has it."""
    REJECTED = "rejected"
    """The target will never take it."""
    EXPIRED = "expired"
    """It waited longer than `workstation.retry_hours`, or an operator gave it up."""


_STATUSES = {str(status): status for status in DeliveryStatus}
FINAL = frozenset({DeliveryStatus.DONE, DeliveryStatus.REJECTED, DeliveryStatus.EXPIRED})

StateParts = tuple[str, DeliveryStatus, str, datetime, int, datetime, str, bool, str]
"""The fields of a DeliveryState."""


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """One value of mamiaSyncState: a password's status at one target, and its attempts."""

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
    stored: str = field(default="", compare=False, repr=False)
    """The value in the directory where a version before 1.0 wrote it in its own words: it is compared with that."""

    @property
    def is_final(self) -> bool:
        """Whether nothing is tried any more."""
        return self.status in FINAL

    def to(
        self, status: DeliveryStatus, *, at: datetime, reason: str = "", needs_operator: bool = False
    ) -> DeliveryState:
        """Return the state after one more attempt, which ended at `at` (UTC)."""
        return replace(
            self, status=status, attempts=self.attempts + 1, at=at, reason=_one_line(reason),
            needs_operator=needs_operator, stored="",
        )  # fmt: skip

    def held(self, reason: str) -> DeliveryState:
        """Return the state that waits for an operator; the attempts stay counted."""
        return replace(self, status=DeliveryStatus.HELD, reason=_one_line(reason), needs_operator=True, stored="")

    def resumed(self) -> DeliveryState:
        """Return the state as if it had just begun to wait."""
        return replace(self, status=DeliveryStatus.PENDING).afresh()

    def afresh(self) -> DeliveryState:
        """Return the state as if it had never been tried: it is due at once."""
        return replace(self, attempts=0, reason="", needs_operator=False, stored="")

    def __str__(self) -> str:
        """Return `target;status;change;since;attempts;at;pace;reason` in ASCII, or the value as it is stored."""
        if self.stored:
            return self.stored
        pace = "slow" if self.needs_operator else "normal"
        times = self.since.strftime(_TIME), self.at.strftime(_TIME)
        return ";".join(
            (self.target, self.status, self.change, times[0], str(self.attempts), times[1], pace, self.reason)
        )


def pending(target: str, change: str, now: datetime) -> DeliveryState:
    """Return the state of a password that begins to wait at `now` (UTC)."""
    now = now.replace(microsecond=0)
    return DeliveryState(target, DeliveryStatus.PENDING, change, now, 0, now)


def read_state(value: str) -> DeliveryState | None:
    """Return the state that `value` says, or None for a value that is not ours."""
    parts = state_parts(value)
    return None if parts is None else DeliveryState(*parts)


def state_parts(value: str) -> StateParts | None:
    """Return the fields of `read_state` in their order, for readers of very many values."""
    try:
        target, status, change, since, attempts, at, pace, reason = value.split(";", 7)
        counted, begun = int(attempts), _time(since)
        if not 0 <= counted <= MAX_ATTEMPTS:
            return None
        tried = begun if at == since else _time(at)
        present, because = STATUSES.get(status, status), REASONS.get(reason, reason)
        stored = "" if (present, because) == (status, reason) else value
        return target, _STATUSES[present], change, begun, counted, tried, because, pace == "slow", stored
    except (ValueError, KeyError):
        return None


def is_stale(states: Iterable[DeliveryState], changed_at: datetime | None) -> bool:
    """Return whether the directory took a newer password than any of `states`: another program wrote it."""
    if changed_at is None:
        return False
    newest = max([state.since for state in states], default=None)
    return newest is not None and changed_at > newest + CLOCKS_APART


def _time(text: str) -> datetime:
    """Return the time of `text`. Raises ValueError, also for a year to which no pause can be added."""
    # Many are read at once, and strptime takes twenty times as long.
    if len(text) != _TIME_CHARS or not (text[:8] + text[9:15]).isdecimal() or text[8] + text[15] != "TZ":
        raise ValueError
    moment = datetime.fromisoformat(text)
    if not MIN_YEAR <= moment.year <= MAX_YEAR:
        raise ValueError
    return moment


def _one_line(text: str) -> str:
    """Return what an IA5 value takes of `text`: ASCII, one line, not too long."""
    plain = text.encode("ascii", "replace").decode()
    return re.sub(r"\s+", " ", plain)[:MAX_REASON_CHARS].strip()
