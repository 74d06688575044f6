"""What was measured: printed as it comes, kept in var/bench/, and all of it as one table.

python -m tests.bench.figures      prints the table of the last figures; once all programs have some here, it also
                                   writes it into docs/benchmarks.md
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path("var/bench")
ALL = FOLDER / "all.json"
DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


@dataclass(frozen=True)
class Figure:
    what: str
    unit: str
    values: tuple[float, ...]
    """One for each round, or a single one."""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def aim(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else ""

    @property
    def verdict(self) -> str:
        if self.at_least is not None:
            return "yes" if self.median >= self.at_least else "no"
        return "" if self.at_most is None else "yes" if self.median <= self.at_most else "no"

    def row(self) -> tuple[str, ...]:
        spread = f"{min(self.values):.3g} to {max(self.values):.3g}" if len(self.values) > 1 else ""
        return self.what, f"{self.median:.3g} {self.unit}".strip(), spread, self.aim, self.verdict


def record(
    what: str,
    values: Sequence[float] | float,
    unit: str = "",
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> None:
    """Tell a figure, and keep it for the table in the place of the last one of the program that is running."""
    rounds = tuple(values) if isinstance(values, Sequence) else (values,)
    figure = Figure(what, unit, rounds, at_least, at_most)
    name, median, spread, aim, verdict = figure.row()
    more = ", ".join(filter(None, (spread, aim and f"aim {aim}: {verdict}")))
    print(f"{name}: {median}" + (f" ({more})" if more else ""), flush=True)
    _keep(figure)


_kept: list[Figure] = []


def _keep(figure: Figure) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    _kept.append(figure)
    content = {"measured": datetime.now(UTC).isoformat(timespec="seconds"), "figures": [asdict(one) for one in _kept]}
    (FOLDER / f"{Path(sys.argv[0]).stem}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False))


def table(figures: Sequence[Figure]) -> str:
    rows = [("what", "median", "spread", "aim", "reached"), *(figure.row() for figure in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    lines = [
        "| " + " | ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def machine() -> str:
    """What the figures depend on."""
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    slapd = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "slapd"], capture_output=True, text=True).stdout
    return (
        f"{os.cpu_count()} cores ({cpu.partition(': ')[2] or 'unknown'}), {memory:.0f} GiB, "
        f"{release['PRETTY_NAME'].strip(chr(34))}, slapd {slapd}, Python {platform.python_version()}"
    )


def main() -> None:
    figures: list[Figure] = []
    days: list[str] = []
    for file in sorted(FOLDER.glob("*.json")):
        if file == ALL:
            continue
        content = json.loads(file.read_text())
        days.append(content["measured"][:10])
        figures += [Figure(**{**one, "values": tuple(one["values"])}) for one in content["figures"]]
    if not figures:
        raise SystemExit("nothing was measured yet: make bench")
    text = table(figures)
    about = f"Measured {' to '.join(sorted({min(days), max(days)}))} on {machine()}."
    ALL.write_text(
        json.dumps({"about": about, "figures": [asdict(one) for one in figures]}, indent=1, ensure_ascii=False)
    )
    print(f"{about}\n\n{text}")
    if missing := _programs() - {file.stem for file in FOLDER.glob("*.json")}:
        print(f"\n{DOCUMENT.name} is left as it is: nothing was measured here by {', '.join(sorted(missing))}")
        return
    document = DOCUMENT.read_text()
    before, after = document.partition(BEGIN)[0], document.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{about}\n\n{text}\n{END}{after}")


def _programs() -> set[str]:
    return {file.stem for file in DOCUMENT.parent.glob("*.py")} - {Path(__file__).stem}


if __name__ == "__main__":
    main()
