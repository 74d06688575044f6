"""What was measured: printed as it comes, kept in var/bench/, and all of it as tables.

python -m tests.bench.figures      prints the tables of the last figures, and writes those of each program that has
                                   some here into its section of docs/benchmarks.md
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.comparison import HEADER, Row
from tests.bench.rounds import Round

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
    _kept.append(figure)
    _write()


def record_rounds(what: str, who: str, rounds: Sequence[Round]) -> None:
    """Tell and keep what `who` took for `what`; without rounds the row says that it was not measured."""
    row = Row.of(what, who, rounds)
    named = zip(HEADER[2:], row.cells()[2:], strict=True)
    print(f"{what}, {who}: " + "; ".join(f"{name} {cell}" for name, cell in named if cell), flush=True)
    _rows.append(row)
    _write()


_kept: list[Figure] = []
_rows: list[Row] = []


def _write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    content = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "figures": [asdict(one) for one in _kept],
        "rows": [one.to_json() for one in _rows],
    }
    (FOLDER / f"{Path(sys.argv[0]).stem}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rows = [header, *rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(header))]
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


def section(content: dict[str, Any]) -> str:
    """The text of one program."""
    rows = [Row.of_json(one).cells() for one in content.get("rows", [])]
    figures = [Figure(**{**one, "values": tuple(one["values"])}).row() for one in content["figures"]]
    tables = [table(HEADER, rows)] if rows else []
    if figures:
        tables.append(table(("what", "median", "spread", "aim", "reached"), figures))
    about = f"Measured on {content['measured'][:10]}, on {content.get('machine', 'a machine that was not recorded')}."
    return "\n\n".join([about, *tables])


def with_sections(document: str, new: dict[str, str]) -> str:
    """The document with these programs' sections in the place of theirs, and all others as they are."""
    before, _, rest = document.partition(BEGIN)
    old, _, after = rest.partition(END)
    parts = re.split(r"^### (\S+)\n", old, flags=re.MULTILINE)[1:]
    sections = dict(zip(parts[::2], (text.strip() for text in parts[1::2]), strict=True)) | new
    texts = [f"### {name}\n{text}\n" for name, text in sections.items()]
    return f"{before}{BEGIN}\n" + "\n".join(texts) + f"{END}{after}"


def main() -> None:
    found = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json")) if file != ALL}
    if not found:
        raise SystemExit("nothing was measured yet: make bench")
    ALL.write_text(json.dumps(found, indent=1, ensure_ascii=False))
    sections = {name: section(content) for name, content in found.items()}
    print("\n\n".join(f"{name}\n{text}" for name, text in sections.items()))
    DOCUMENT.write_text(with_sections(DOCUMENT.read_text(), sections))


if __name__ == "__main__":
    main()
