"""How long the worker pauses between two polls: short where little waits, longer where a poll takes much."""

from __future__ import annotations

from gateway.worker import MAX_OUTAGE_PAUSE_SECONDS, MAX_REST_SECONDS, pause_after

POLL_SECONDS = 0.25


class TestPause:
    def test_when_a_poll_takes_little_then_the_pause_is_that_of_the_settings(self):
        assert pause_after(POLL_SECONDS, 0, taken=0.005, cpu_taken=0.002) == POLL_SECONDS

    def test_when_a_poll_takes_much_of_the_processor_then_the_worker_takes_a_thirtieth_of_a_core(self):
        pause = pause_after(POLL_SECONDS, 0, taken=0.3, cpu_taken=0.3)

        assert 0.3 / (0.3 + pause) <= 1 / 30

    def test_when_slapd_is_busy_with_a_poll_then_the_pause_is_four_times_as_long(self):
        assert pause_after(POLL_SECONDS, 0, taken=2.0, cpu_taken=0.01) == 8.0

    def test_when_a_poll_takes_very_long_then_a_new_password_does_not_wait_for_minutes(self):
        assert pause_after(POLL_SECONDS, 0, taken=3.0, cpu_taken=3.0) == MAX_REST_SECONDS

    def test_when_slapd_is_busy_for_very_long_then_it_rests_four_times_as_long_all_the_same(self):
        assert pause_after(POLL_SECONDS, 0, taken=30.0, cpu_taken=3.0) == 120.0

    def test_when_the_directory_does_not_answer_then_the_pause_grows_up_to_a_limit(self):
        pauses = [pause_after(POLL_SECONDS, failures, taken=0.0, cpu_taken=0.0) for failures in range(1, 8)]

        assert pauses == sorted(pauses)
        assert pauses[0] == 2 * POLL_SECONDS
        assert pauses[-1] == MAX_OUTAGE_PAUSE_SECONDS
