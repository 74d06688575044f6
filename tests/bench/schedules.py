"""Does the newest password win in every order of events? 100,000 schedules over the real delivery code.

python -m tests.bench.schedules [schedules]

A schedule is a random order of password changes, crashes, late writes, clock jumps and restored backups, with two
workers and two targets (tests/support/delivery_schedules.py). Each part has a seed of its own, the same in each run.
The program ends with 1, after it printed the shortest schedule that breaks a promise, if there is one.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.bench.figures import record
from tests.support.delivery_schedules import LOG, DeliverySchedules

SCHEDULES = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
PART = 2_500
"""Schedules for one seed: Hypothesis remembers all that it tried of one, so one long run would grow."""


def main() -> None:
    """Run all parts, one per core at a time, and record the count and the times."""
    started, parts = time.perf_counter(), range(-(-SCHEDULES // PART))
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        done = list(pool.imap_unordered(run_part, parts))
    counts, seconds = zip(*done, strict=True)
    record("delivery schedules that keep every promise", sum(counts), at_least=SCHEDULES)
    record("delivery schedules: time for all, on all cores", time.perf_counter() - started, "s")
    record("delivery schedules: processor time for all", sum(seconds), "s")


def run_part(number: int) -> tuple[int, float]:
    """Run `PART` schedules; return how many there were and the processor seconds. Raises what the schedule broke."""
    LOG.propagate = False
    started, count = time.process_time(), 0

    class Counted(DeliverySchedules):
        """Counts the schedules that were judged."""

        def teardown(self) -> None:
            """Judge, then count."""
            nonlocal count
            super().teardown()
            count += 1

    run_state_machine_as_test(
        seed(number)(Counted),
        settings=settings(
            max_examples=PART, stateful_step_count=25, deadline=None, database=None,
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip
    return count, time.process_time() - started


if __name__ == "__main__":
    main()
