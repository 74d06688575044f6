"""How many attempts of one service may be at work, whatever its processes and processors are."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from gateway.account.admission import Admission
from gateway.account.errors import DirectoryBusy
from gateway.composition.queues import build_queues
from tests.support.gateway_settings import settings_for

MORE = 10


def settings(directory, processes=1, **in_directory):
    return settings_for(directory, directory=in_directory | {"max_queue_seconds": 1}, web={"processes": processes},
                        rate_limits={"store": "redis://127.0.0.1:1"})  # fmt: skip


def at_once(queue: Admission) -> int:
    """How many may be at work in this process, while all others rest."""
    with ExitStack() as turns:
        for number in range(MORE):
            try:
                turns.enter_context(queue.turn())
            except DirectoryBusy:
                return number
    return MORE


class TestAttemptsAtOnce:
    @pytest.mark.parametrize(
        "limit, processes, expected",
        [
            pytest.param(3, 1, 3, id="one process has all"),
            pytest.param(4, 3, 4, id="processes that share leave none unused"),
            pytest.param(2, 3, 1, id="more processes than turns have one each"),
        ],
    )
    def test_when_the_others_rest_then_one_process_has(self, directory, turn_file, limit, processes, expected):
        queues = build_queues(settings(directory, processes, max_concurrent_attempts=limit), turn_file)

        assert at_once(queues.hashing) == expected

    def test_when_one_queue_has_no_turn_left_then_another_kind_of_attempt_has_its_own(self, directory, turn_file):
        queues = build_queues(settings(directory, 2, max_concurrent_attempts=2), turn_file)

        with queues.hashing.turn(), queues.hashing.turn():
            assert [at_once(queue) for queue in (queues.comparing, queues.finding, queues.proving)] == [2, 2, 2]

    @pytest.mark.parametrize("processors, expected", [(1, 1), (2, 3), (8, 9)])
    def test_when_no_limit_is_set_then_one_more_than_processors_is_but_one_on_a_single(
        self, directory, monkeypatch, processors, expected
    ):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))

        assert settings(directory).directory.attempts_at_once == expected
