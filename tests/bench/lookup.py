"""A lookup among 1,200,000 people against one among 1,200, over HTTP: is every filter that is sent indexed?

    python -m tests.bench.lookup
Both directories are filled offline by slapadd, with invented staff. The people looked up are spread over all of them.
A miss is not measured: it is answered after a tenth of a second, however many there are.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from tests.bench.figures import record
from tests.support.serve_process import ServeProcess, fields_of
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SUFFIX, SlapdServer

FEW, MANY = 1200, int(os.environ.get("MANY", "1200000"))
ASKED = 300
ROUNDS = 5
FIND = "/retrouver-mon-compte"
WIDE = "\n".join(
    f'{name} = "10000000/minute"'
    for name in (
        "per_person", "per_name", "per_address", "per_service", "overall", "misses_per_address", "misses_overall",
    )
)  # fmt: skip
Known = tuple[str, str, str]
"""Surname, given name, birth date as typed."""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name, ExitStack() as stack:
        sides = [stack.enter_context(served(Path(name) / str(count), count)) for count in (FEW, MANY)]
        ratios, times = [], []
        for _ in range(ROUNDS):
            few, many = (median_lookup(*side) for side in sides)
            ratios.append(many / few)
            times.append(1000 * many)
        record(f"lookup among {MANY} / among {FEW}, p50", ratios, at_most=1.3)
        record(f"lookup among {MANY}, p50", times, "ms")


@contextmanager
def served(folder: Path, count: int) -> Iterator[tuple[str, list[Known]]]:
    """A gateway on a directory with that many people: its address, and some of them."""
    folder.mkdir()
    directory = SlapdServer(folder / "slapd", max_size=16 << 30)
    people = fill(directory, folder / "staff.ldif", count)
    audit = f'[audit]\ndestination = "file"\nfile = "{folder}/audit.log"\n'
    more = f"[captcha]\nrequired = []\n[rate_limits]\n{WIDE}\n{audit}"
    front_end = ServeProcess.on_a_free_port(
        lambda port: write_settings_file(
            folder, directory, in_web=f"port = {port}\nsecure_cookies = false\naccess_log = false", more=more
        )
    )
    front_end.start()
    try:
        yield front_end.address, people
    finally:
        front_end.stop()
        directory.slapd.stop()


def fill(directory: SlapdServer, file: Path, count: int) -> list[Known]:
    """Add invented staff with the server stopped; a sample of them."""
    with file.open("w") as out:
        command = [sys.executable, "-m", "gateway.cli.main", "people", "sample", "--count", str(count), "--seed", "1"]
        subprocess.run(command, stdout=out, check=True)
    directory.slapd.stop()
    config = directory.slapd.state / "config"
    subprocess.run(["slapadd", "-q", "-F", config, "-b", SUFFIX, "-l", file], check=True, capture_output=True)
    directory.slapd.start()
    chosen = set(random.Random(2).sample(range(count), min(ASKED * ROUNDS, count)))
    found = [person for number, person in enumerate(people_of(file)) if number in chosen]
    file.unlink()
    return [person for person in found if person is not None]


def people_of(file: Path) -> Iterator[Known | None]:
    """None for people whose name LDIF writes in base64."""
    with file.open() as lines:
        for filled, entry in itertools.groupby(lines, key=lambda line: line != "\n"):
            if not filled:
                continue
            values = dict(line.rstrip("\n").split(": ", 1) for line in entry if ": " in line and ":: " not in line)
            born = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", values.get("birthDate", ""))
            plain = born and "sn" in values and "givenName" in values
            yield (values["sn"], values["givenName"], f"{born[3]}/{born[2]}/{born[1]}") if plain and born else None


def median_lookup(address: str, people: list[Known]) -> float:
    """Seconds, one lookup after the other over one connection."""
    session, times = requests.Session(), []
    token = fields_of(session.get(address + FIND).text)["csrf_token"]
    for surname, given_name, birth_date in random.sample(people, min(ASKED, len(people))):
        typed = {"csrf_token": token, "surname": surname, "given_name": given_name, "birth_date": birth_date}
        started = time.perf_counter()
        answer = session.post(address + FIND, data=typed)
        times.append(time.perf_counter() - started)
        assert answer.status_code in (200, 422), answer.status_code
    return statistics.median(times)


if __name__ == "__main__":
    main()
