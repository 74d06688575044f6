"""What `mamia people import` takes: people who are new, and people who are known already.

    python -m tests.bench.people_import     ROWS=60000 for an academy
A new person costs one Argon2 hash of slapd's, which is meant to be slow; everything else hardly counts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gateway.demo.private_slapd import ADMIN
from tests.bench.figures import record
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SlapdServer

ROWS = int(os.environ.get("ROWS", "3000"))
HEAD = "surname;birth_name;given_name;birth_date;numen;temporary_agent_number;department\n"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        directory = SlapdServer(folder / "slapd", max_size=1 << 30)
        try:
            (folder / "admin").write_text(directory.slapd.password("admin"))
            (folder / "staff.csv").write_text(HEAD + "".join(map(row, range(ROWS))))
            new, known = (timed_import(folder, directory) for _ in range(2))
        finally:
            directory.slapd.stop()
    record(f"import: {ROWS} new people", ROWS / new, "a second")
    record(f"import: the same {ROWS} once more", ROWS / known, "a second")
    record("import: 60,000 new people at that rate", 60_000 / ROWS * new / 60, "min")


def row(number: int) -> str:
    """Somebody; a few share surname and initial, as in life."""
    surname = "Nom" + "".join(LETTERS[number // 26**place % 26] for place in range(4))
    return f"{surname};;Prénom;{1 + number % 28:02}/03/{1950 + number % 50};12E{number:07}ABC;;\n"


def timed_import(folder: Path, directory: SlapdServer) -> float:
    """Seconds."""
    config = write_settings_file(folder, directory)
    command = [sys.executable, "-m", "gateway.cli.main", "people", "import", str(folder / "staff.csv")]
    options = ["--config", str(config), "--bind-dn", ADMIN, "--bind-password-file", str(folder / "admin")]
    started = time.perf_counter()
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
