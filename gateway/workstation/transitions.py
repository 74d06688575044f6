"""What one attempt makes of a delivery's status: the rules of docs/decisions/0002-delivery-transitions.md as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from itertools import product

from gateway.workstation.model import Done, Outcome, Refused
from gateway.workstation.state import DeliveryStatus


class Attempt(Enum):
    """How an attempt at a target ended."""

    TAKEN = auto()
    """The target has the password."""
    REFUSED = auto()
    """The target will never take this password."""
    PASSING = auto()
    """Not now; time may help."""
    BLOCKED = auto()
    """Not now; only an operator can help (certificate, credentials, missing right)."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides the next status."""

    status: DeliveryStatus
    """Before the attempt: PENDING or CONFIRMING. Nothing else is delivered."""
    late_write_possible: bool
    """Whether a write of a former lease may still arrive at the target."""
    attempt: Attempt
    retry_time_over: bool
    """Whether the password waits longer than `workstation.retry_hours`, by both clocks."""


@dataclass(frozen=True, slots=True)
class Transition:
    """The status after the attempt, and whether an operator must act before another attempt can succeed."""

    status: DeliveryStatus
    needs_operator: bool = False


_BOTH = (False, True)
_PENDING, _CONFIRMING = DeliveryStatus.PENDING, DeliveryStatus.CONFIRMING
_DELIVERED = (_PENDING, _CONFIRMING)
# Statuses before, late write possible, attempt, retry time over → status after, needs operator.
_ROWS: tuple[tuple[tuple[DeliveryStatus, ...], tuple[bool, ...], Attempt, tuple[bool, ...], Transition], ...] = (
    ((_PENDING,), (False,), Attempt.TAKEN, _BOTH, Transition(DeliveryStatus.DONE)),
    # The late write may still replace what the target has just taken: it is set once more when that can't be.
    ((_PENDING,), (True,), Attempt.TAKEN, _BOTH, Transition(_CONFIRMING)),
    ((_CONFIRMING,), _BOTH, Attempt.TAKEN, _BOTH, Transition(DeliveryStatus.DONE)),
    (_DELIVERED, _BOTH, Attempt.REFUSED, _BOTH, Transition(DeliveryStatus.REJECTED)),
    (_DELIVERED, _BOTH, Attempt.PASSING, (True,), Transition(DeliveryStatus.EXPIRED)),
    (_DELIVERED, _BOTH, Attempt.BLOCKED, (True,), Transition(DeliveryStatus.EXPIRED)),
    ((_PENDING,), _BOTH, Attempt.PASSING, (False,), Transition(_PENDING)),
    ((_CONFIRMING,), _BOTH, Attempt.PASSING, (False,), Transition(_CONFIRMING)),
    ((_PENDING,), _BOTH, Attempt.BLOCKED, (False,), Transition(_PENDING, needs_operator=True)),
    ((_CONFIRMING,), _BOTH, Attempt.BLOCKED, (False,), Transition(_CONFIRMING, needs_operator=True)),
)


def _expanded() -> Iterator[tuple[Situation, Transition]]:
    for statuses, late, attempt, over, transition in _ROWS:
        for status, late_write_possible, retry_time_over in product(statuses, late, over):
            yield Situation(status, late_write_possible, attempt, retry_time_over), transition


TRANSITIONS: Mapping[Situation, Transition] = dict(_expanded())
"""One entry per situation that can occur: 2 statuses × late write or not × 4 attempts × retry time over or not."""


def attempt_of(outcome: Outcome) -> Attempt:
    """Return how `outcome`, a target's answer, counts in the table."""
    match outcome:
        case Done():
            return Attempt.TAKEN
        case Refused():
            return Attempt.REFUSED
        case _:
            return Attempt.BLOCKED if outcome.hint else Attempt.PASSING
