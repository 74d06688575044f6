"""One row for each thing that is done and each who does it: rate, answer times, processor time by process."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tests.bench.rounds import Round

Values = tuple[float, ...]
"""One for each round."""
HEADER = ("what", "who", "a second", "p50, ms", "p95, ms", "p99, ms", "processor time per operation, ms", "others")
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Row:
    what: str
    who: str
    rate: Values = ()
    """Operations a second."""
    p50: Values = ()
    """Milliseconds, as the next two."""
    p95: Values = ()
    p99: Values = ()
    cpu: dict[str, Values] = field(default_factory=dict)
    """Milliseconds of processor time per operation, by process."""
    others: Values = ()
    """Processors that were busy with something else."""

    @classmethod
    def of(cls, what: str, who: str, rounds: Sequence[Round]) -> Self:
        def each(name: str) -> Values:
            return tuple(getattr(one.load, name) for one in rounds)

        cpu = {name: tuple(one.cpu[name] for one in rounds) for name in (rounds[0].cpu if rounds else {})}
        rate, others = tuple(one.rate for one in rounds), tuple(one.others for one in rounds)
        return cls(what, who, rate, each("p50"), each("p95"), each("p99"), cpu, others)

    @classmethod
    def of_json(cls, content: dict[str, Any]) -> Self:
        """As `to_json` wrote it."""
        cpu = {name: tuple(values) for name, values in content["cpu"].items()}
        rate, p50, p95, p99, others = (tuple(content[name]) for name in ("rate", "p50", "p95", "p99", "others"))
        return cls(content["what"], content["who"], rate, p50, p95, p99, cpu, others)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def cells(self) -> tuple[str, ...]:
        if not self.rate:
            return self.what, self.who, NOT_MEASURED, "", "", "", "", ""
        times = (_median(values) for values in (self.p50, self.p95, self.p99))
        cpu = ", ".join(f"{name} {_with_spread(values)}" for name, values in self.cpu.items())
        return self.what, self.who, _with_spread(self.rate), *times, cpu, _with_spread(self.others)


def _median(values: Values) -> str:
    return _number(statistics.median(values))


def _with_spread(values: Values) -> str:
    if len(values) == 1:
        return _median(values)
    return f"{_median(values)} [{_number(min(values))} to {_number(max(values))}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
