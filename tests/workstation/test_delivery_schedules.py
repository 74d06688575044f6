"""The newest confirmed password is the last one delivered, whatever happens in whatever order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.delivery_schedules import LONG, DeliverySchedules
from tests.support.scheduled_faults import LATE, REFUSED, TAKEN, UNAVAILABLE

TestDeliverySchedules = DeliverySchedules.TestCase
TestDeliverySchedules.settings = settings(
    max_examples=200, stateful_step_count=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
"""A sample that is the same in each run; tests/bench/schedules.py runs as many as one asks for."""


@pytest.fixture
def schedule() -> Iterator[DeliverySchedules]:
    """A schedule that a test writes itself; it is judged at its end."""
    made = DeliverySchedules()
    made.start()
    yield made
    made.teardown()


class TestRareSchedule:
    """Schedules that random ones find seldom."""

    def test_when_the_answer_to_a_claim_is_slow_then_a_write_begins_before_the_lease_is_taken_over_or_never(
        self, schedule
    ):
        schedule.change()
        schedule.run_slowly(
            worker="left",
            slow="realm",
            answer=LATE,
            during_claim=["other twice in 61"],
            during_check=["change", "other", "other", "wait 20"],
            during_write=["wait 20", "wait 20", "other"],
        )

        schedule.done_is_never_undone()

    def test_when_a_lease_is_young_then_nobody_takes_it_over(self, schedule):
        schedule.change()
        schedule.run_slowly(
            worker="left",
            slow="realm",
            answer=LATE,
            during_claim=[],
            during_check=["change", "other", "other", "wait 20"],
            during_write=["wait 20", "wait 20", "other"],
        )

        schedule.done_is_never_undone()

    def test_when_one_clock_is_ahead_of_the_other_then_nothing_expires(self, schedule):
        schedule.set_clock("left", LONG)
        schedule.run_faulty(is_changed=True, worker="left", answers=[UNAVAILABLE, UNAVAILABLE], failures=[])

        schedule.nothing_is_lost()

    def test_when_a_late_write_is_younger_than_the_lease_then_the_newer_password_is_not_done(self, schedule):
        schedule.run_faulty(is_changed=True, worker="left", answers=[LATE, LATE], failures=[])
        schedule.change()
        schedule.run([(3, "left"), (0, "left"), (31, "left"), (20, "left")])

        schedule.done_is_never_undone()

    def test_when_a_delivery_ends_without_success_while_a_late_write_is_possible_then_the_next_one_is_confirmed(
        self, schedule
    ):
        schedule.run_faulty(is_changed=True, worker="left", answers=[LATE], failures=[])
        schedule.run_faulty(is_changed=True, worker="left", answers=[REFUSED], failures=[])
        schedule.run_faulty(is_changed=True, worker="left", answers=[], failures=[])

        schedule.done_is_never_undone()

    def test_when_a_worker_starts_again_after_a_restore_then_it_knows_what_the_other_one_delivered(self, schedule):
        schedule.run_faulty(is_changed=True, worker="left", answers=[UNAVAILABLE], failures=[])
        schedule.back_up()
        schedule.run_faulty(is_changed=True, worker="left", answers=[], failures=[])
        schedule.restore(restarts=["right"])
        schedule.run([(0, "right"), (61, "right")])

        schedule.only_checked_and_newest_passwords_are_delivered()

    def test_when_a_write_begins_at_the_last_moment_then_its_end_is_waited_for(self, schedule):
        schedule.change()
        schedule.run_slowly(
            worker="left",
            slow="realm",
            answer=TAKEN,
            during_claim=["other"],
            during_check=["wait 20", "change"],
            during_write=["wait 20", "wait 20", "other twice in 31"],
        )

        schedule.done_is_never_undone()
