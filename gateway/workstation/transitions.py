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


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a transition for several situations, which are all combinations of its values."""

    statuses: tuple[DeliveryStatus, ...]
    late_write_possible: tuple[bool, ...]
    attempts: tuple[Attempt, ...]
    retry_time_over: tuple[bool, ...]
    transition: Transition

    def situations(self) -> Iterator[Situation]:
        """Return each situation that this line is for."""
        values = product(self.statuses, self.late_write_possible, self.attempts, self.retry_time_over)
        return (Situation(*value) for value in values)


_EITHER, _YES, _NO = (False, True), (True,), (False,)
_PENDING, _CONFIRMING = DeliveryStatus.PENDING, DeliveryStatus.CONFIRMING
DELIVERED = (_PENDING, _CONFIRMING)
"""The statuses in which a delivery is tried. A situation with another status is impossible: a final one has ended,
and a HELD one waits for an operator."""
ROWS = (
    # statuses, late write possible, attempts, retry time over, transition
    Row((_PENDING,), _NO, (Attempt.TAKEN,), _EITHER, Transition(DeliveryStatus.DONE)),
    # The late write may still replace what the target has just taken: it is set once more when that can't be.
    Row((_PENDING,), _YES, (Attempt.TAKEN,), _EITHER, Transition(_CONFIRMING)),
    Row((_CONFIRMING,), _EITHER, (Attempt.TAKEN,), _EITHER, Transition(DeliveryStatus.DONE)),
    Row(DELIVERED, _EITHER, (Attempt.REFUSED,), _EITHER, Transition(DeliveryStatus.REJECTED)),
    Row(DELIVERED, _EITHER, (Attempt.PASSING, Attempt.BLOCKED), _YES, Transition(DeliveryStatus.EXPIRED)),
    Row((_PENDING,), _EITHER, (Attempt.PASSING,), _NO, Transition(_PENDING)),
    Row((_CONFIRMING,), _EITHER, (Attempt.PASSING,), _NO, Transition(_CONFIRMING)),
    Row((_PENDING,), _EITHER, (Attempt.BLOCKED,), _NO, Transition(_PENDING, needs_operator=True)),
    Row((_CONFIRMING,), _EITHER, (Attempt.BLOCKED,), _NO, Transition(_CONFIRMING, needs_operator=True)),
)

TRANSITIONS: Mapping[Situation, Transition] = {
    situation: row.transition for row in ROWS for situation in row.situations()
}
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
