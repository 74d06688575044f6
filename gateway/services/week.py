"""The figures of the last days, from the event store: how many found, changed, reset and failed, and why."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from gateway.account.outcomes import Refusal
from gateway.protection.event_store import DayCount, EventStore
from gateway.services import change, find, reset
from gateway.services.outcomes import OUTAGES
from gateway.services.tickets import CHOOSE, CODE

DAYS = 7
SERVICES = frozenset({find.SERVICE, change.SERVICE, reset.SERVICE, CHOOSE, CODE})
"""The services that people use, from every entry point."""
FOUND = frozenset({(find.SERVICE, "found")})
CHANGED = frozenset({(change.SERVICE, "changed")})
RESET = frozenset({(CHOOSE, "reset"), (reset.SERVICE, "initial_restored")})
STEPS = frozenset(
    {(reset.SERVICE, proof) for proof in ("proved", "proved_by_passkey")}
    | {(CODE, f"code_{step}") for step in ("sent_by_mail", "sent_by_phone", "asked_of_app", "right")}
    | {(CHOOSE, "extended")}
)
"""Steps on the way: neither the end nor a failure."""


class Reason(StrEnum):
    """Why people failed. The values are stable: CSV and JSON have them."""

    NOT_FOUND = "not_found"
    CREDENTIALS = "credentials"
    """Login or password is wrong, or the account is locked or closed."""
    NOT_PROVED = "not_proved"
    """Login, number or birth date of a reset is wrong, or a passkey."""
    CODE_WRONG = "code_wrong"
    CODE_NOT_SENT = "code_not_sent"
    RULES = "rules"
    """The new password breaks a rule."""
    LOCKED = "locked"
    NOT_CHANGEABLE = "not_changeable"
    CHARTER = "charter"
    """The acceptable use policy was not accepted."""
    CAPTCHA = "captcha"
    RATE_LIMITED = "rate_limited"
    OUTAGE = "outage"
    OTHER = "other"


_REASONS: Mapping[str, Reason] = {
    Refusal.NOT_FOUND: Reason.NOT_FOUND,
    Refusal.CREDENTIALS: Reason.CREDENTIALS,
    Refusal.NOT_PROVED: Reason.NOT_PROVED,
    "code_wrong": Reason.CODE_WRONG,
    "code_not_sent": Reason.CODE_NOT_SENT,
    Refusal.LOCKED: Reason.LOCKED,
    Refusal.NOT_CHANGEABLE: Reason.NOT_CHANGEABLE,
    Refusal.CHARTER: Reason.CHARTER,
    "passkey_cloned": Reason.NOT_PROVED,
    Refusal.GRANT_VOID: Reason.OTHER,
    "rate_limited": Reason.RATE_LIMITED,
    **dict.fromkeys(OUTAGES, Reason.OUTAGE),
    **dict.fromkeys(
        (
            Refusal.RULES, Refusal.IN_HISTORY, Refusal.TOO_YOUNG, Refusal.TOO_SHORT, Refusal.TOO_LONG,
            Refusal.POOR_QUALITY, Refusal.DIRECTORY_RULE,
        ),
        Reason.RULES,
    ),
}  # fmt: skip
_ROBOT_CHECK = "captcha_"


def reason_of(outcome: str) -> Reason | None:
    """Return why an attempt with this outcome failed; None for an outcome that is not known here."""
    return Reason.CAPTCHA if outcome.startswith(_ROBOT_CHECK) else _REASONS.get(outcome)


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The figures of one day."""

    day: date
    found: int = 0
    changed: int = 0
    reset: int = 0
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    """How many attempts failed, by reason; reasons without any are left out."""

    @property
    def failed(self) -> int:
        """Return how many attempts failed."""
        return sum(self.reasons.values())


@dataclass(frozen=True, slots=True)
class Week:
    """The figures of some days in a row, the oldest first."""

    days: Sequence[DayFigures]

    @property
    def total(self) -> DayFigures:
        """Return the sums over all days, under the last day."""
        reasons: Counter[Reason] = Counter()
        for one in self.days:
            reasons.update(one.reasons)
        return DayFigures(
            day=self.days[-1].day,
            found=sum(one.found for one in self.days),
            changed=sum(one.changed for one in self.days),
            reset=sum(one.reset for one in self.days),
            reasons=dict(reasons.most_common()),
        )


@dataclass(frozen=True, slots=True)
class WeekService:
    """Reads the figures of the last days."""

    store: EventStore
    zone: tzinfo
    """The time zone in which a day begins."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def last(self, days: int = DAYS) -> Week:
        """Return the figures of the last `days` days, with today as the last one. Raises StoreUnavailable."""
        today = self.now().astimezone(self.zone).date()
        all_days = [today - timedelta(days=back) for back in reversed(range(days))]
        counts = self.store.counts(all_days[0], today)
        return Week([_figures(day, [one for one in counts if one.day == day]) for day in all_days])


def as_csv(week: Week, separator: str = ",") -> str:
    """Return one line per day, below a line with the names of the columns: the figures, then every reason.

    French spreadsheets want ";" as separator.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerow(("day", "found", "changed", "reset", "failed", *Reason))
    for one in week.days:
        reasons = (one.reasons.get(reason, 0) for reason in Reason)
        writer.writerow((one.day.isoformat(), one.found, one.changed, one.reset, one.failed, *reasons))
    return text.getvalue()


def _figures(day: date, counts: Sequence[DayCount]) -> DayFigures:
    reasons: Counter[Reason] = Counter()
    for one in counts:
        if one.service in SERVICES and (one.service, one.outcome) not in FOUND | CHANGED | RESET | STEPS:
            reasons[reason_of(one.outcome) or Reason.OTHER] += one.count
    return DayFigures(
        day=day,
        found=_sum(counts, FOUND),
        changed=_sum(counts, CHANGED),
        reset=_sum(counts, RESET),
        reasons=dict(reasons.most_common()),
    )


def _sum(counts: Sequence[DayCount], outcomes: frozenset[tuple[str, str]]) -> int:
    return sum(one.count for one in counts if (one.service, one.outcome) in outcomes)
