"""How much waits for each target, for the metrics: counted at each poll, so that nobody reads the outbox for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.workstation.ports import Waiting
from gateway.workstation.state import DeliveryStatus


@dataclass(frozen=True, slots=True)
class Backlog:
    """The deliveries that are not final, by their target."""

    since: Mapping[str, list[datetime]] = field(default_factory=dict)
    """When each password was changed that is delivered without an operator (UTC)."""
    held: Mapping[str, int] = field(default_factory=dict)
    """How many wait for an operator's decision after a restore."""


def backlog_of(waiting: Iterable[Waiting]) -> Backlog:
    """Return what waits in these entries."""
    since, held = defaultdict[str, list[datetime]](list), defaultdict[str, int](int)
    for item in waiting:
        for state in item.states:
            if state.status is DeliveryStatus.HELD:
                held[state.target] += 1
            elif not state.is_final:
                since[state.target].append(state.since)
    return Backlog(since, held)
