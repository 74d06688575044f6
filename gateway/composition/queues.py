"""The queues before the directory, one for each kind of attempt."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.account.admission import Admission
from gateway.protection.clock import SystemClock
from gateway.protection.turn_file import TurnFile
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Queues:
    """One is for the services that make the directory hash; the others never wait for these."""

    hashing: Admission
    comparing: Admission
    finding: Admission
    proving: Admission


def build_queues(settings: Settings, turns: TurnFile | None) -> Queues:
    """Build new queues. Processes that have `turns` share them; without it the limit holds for one process.

    The numbers of the queues stay the same: processes with former settings and with new ones meet in one file.
    """
    return Queues(*(_queue(settings, turns, number) for number in range(4)))


def _queue(settings: Settings, turns: TurnFile | None, number: int) -> Admission:
    at_once, processes = settings.directory.attempts_at_once, settings.web.processes
    return Admission(
        clock=SystemClock(),
        max_at_once=max(1, at_once // processes),
        max_wait_seconds=settings.directory.max_queue_seconds,
        # With more processes than turns each process has one of its own.
        shared=turns.turns(number, at_once) if turns and 1 < processes <= at_once else None,
    )
