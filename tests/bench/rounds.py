"""Several services that do the same, measured in turn: this, the other, the bare client, this, the other, …"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.cpu import spent, usage

ROUNDS = int(os.environ.get("ROUNDS", "5"))
THIS, PEER, BARE = "this", "peer", "C client"
"""Who is measured. The peer is PHP Self Service Password; the C client asks the directory alone."""


@dataclass(frozen=True)
class Load:
    """What one round asked for, and how long the answers took, in milliseconds."""

    done: int
    seconds: float
    p50: float
    p95: float
    p99: float
    failed: int = 0

    @classmethod
    def of_times(cls, times: Sequence[float], seconds: float, failed: int = 0) -> Load:
        """Of single answer times in seconds."""
        cuts = statistics.quantiles(times, n=100, method="inclusive")
        return cls(len(times) - failed, seconds, 1000 * cuts[49], 1000 * cuts[94], 1000 * cuts[98], failed)


@dataclass(frozen=True)
class Round:
    load: Load
    cpu: Mapping[str, float]
    """Milliseconds of processor time per operation, by process."""
    others: float
    """Processors that others kept busy."""

    @property
    def rate(self) -> float:
        return self.load.done / self.load.seconds


@dataclass(frozen=True)
class Contender:
    who: str
    processes: Mapping[str, int]
    """The processes whose time counts, by name, each with its descendants."""
    ask: Callable[[int], Load]
    """Asks for so many seconds, or so many times."""


def in_turn(
    contenders: Sequence[Contender],
    size: int,
    warm_up: int,
    *,
    after: Callable[[], object] = lambda: None,
    may_fail: bool = False,
) -> dict[str, list[Round]]:
    """The rounds of each, by its name. `after` is called after each round, when nothing is counted.

    Answers that did nothing are fast, so they end the program, or are only not counted where they may fail.
    """
    for contender in contenders:
        contender.ask(warm_up)
        after()
    measured: dict[str, list[Round]] = {contender.who: [] for contender in contenders}
    for _ in range(ROUNDS):
        for contender in contenders:
            round_ = _one(contender, size)
            if round_.load.failed and not may_fail:
                raise SystemExit(f"{contender.who}: {round_.load.failed} answers did nothing")
            measured[contender.who].append(round_)
            after()
    return measured


def _one(contender: Contender, size: int) -> Round:
    before = usage(contender.processes)
    load = contender.ask(size)
    used = spent(before, usage(contender.processes))
    if not load.done:
        raise SystemExit(f"{contender.who}: nothing was done")
    cpu = {name: 1000 * seconds / load.done for name, seconds in used.of.items()}
    return Round(load, cpu, used.others)
