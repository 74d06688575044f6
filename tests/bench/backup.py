"""Backup and restore of an academy by the commands of the handbook: seconds and processor time of each page.

    python -m tests.bench.backup     PEOPLE=60000
The backup runs while slapd and Redis serve, as once a day; the restore brings back an empty machine. Redis has three
counts for each person. Page by page all commands are run, and every round restores what the round before saved.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import redis

from gateway.demo.private_slapd import HASH_COST
from tests.bench.figures import record
from tests.bench.lookup import fill
from tests.support.backed_up_machine import BackedUpMachine

PEOPLE = int(os.environ.get("PEOPLE", "60000"))
COUNTS_PER_PERSON = 3
COUNT_SECONDS = 86_400
ROUNDS = 3
BATCH = 10_000


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="b-"))
    machine = BackedUpMachine(folder / "m", hash_cost=HASH_COST)
    saved, restored = [], []
    try:
        fill(machine.directory, folder / "staff.ldif", PEOPLE)
        fill_store(machine)
        for _ in range(ROUNDS):
            saved.append(timed(lambda: machine.run("operate.md", "## Back up")))
            machine.lose_everything()
            restored.append(timed(lambda: machine.run("restore.md", "## When the machines are lost too")))
            machine.start()
        kept = (machine.root / "backup/directory.ldif").read_text().count("\nuid: ")
        assert kept >= PEOPLE, f"the last backup has {kept} people"
        size = sum(file.stat().st_size for file in (machine.root / "backup").iterdir())
    finally:
        machine.stop()
        shutil.rmtree(folder)
    for what, times in (("backup", saved), ("restore", restored)):
        record(f"{what} of {PEOPLE} people", [wall for wall, _ in times], "s")
        record(f"{what} of {PEOPLE} people: processor time of its commands", [cpu for _, cpu in times], "s")
    record(f"backup of {PEOPLE} people: its files", size / 1e6, "MB")


def fill_store(machine: BackedUpMachine) -> None:
    """As many keys as after a day on which everybody came."""
    with redis.Redis(port=machine.redis.port) as client:
        for first in range(0, PEOPLE * COUNTS_PER_PERSON, BATCH):
            pipeline = client.pipeline(transaction=False)
            for number in range(first, first + BATCH):
                pipeline.set(f"LIMITS:LIMITER/login-{number}/25/1/day", 1, ex=COUNT_SECONDS)
            pipeline.execute()


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of processor time of the commands and what they start."""
    before, started = _processor_seconds(), time.perf_counter()
    act()
    return time.perf_counter() - started, _processor_seconds() - before


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
