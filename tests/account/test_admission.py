"""The queue before the directory: fair, bounded, and those who are half done go first."""

from __future__ import annotations

import threading
import time

import pytest

from gateway.account.admission import Admission
from gateway.account.errors import DirectoryBusy
from gateway.protection.clock import SystemClock
from tests.support.polling import wait_until


def admission(*, at_once: int = 1, max_wait_seconds: float = 60) -> Admission:
    return Admission(clock=SystemClock(), max_at_once=at_once, max_wait_seconds=max_wait_seconds)


class Visitor(threading.Thread):
    """Takes a turn, which it keeps until it may leave."""

    def __init__(self, queue: Admission, came: list[str], name: str, *, is_ahead: bool = False) -> None:
        super().__init__(daemon=True)
        self.queue, self.came, self.label, self.is_ahead = queue, came, name, is_ahead
        self.may_leave = threading.Event()
        self.refusal: DirectoryBusy | None = None

    def run(self) -> None:
        try:
            with self.queue.turn(is_ahead=self.is_ahead):
                self.came.append(self.label)
                assert self.may_leave.wait(60)
        except DirectoryBusy as busy:
            self.refusal = busy


def waiting(queue: Admission, count: int) -> None:
    """Until so many wait."""
    wait_until(lambda: queue.waiting == count)


def lined_up(queue: Admission, *, ahead: tuple[str, ...] = ()) -> tuple[list[str], list[Visitor]]:
    """One at work, and others that came one after the other; those of `ahead` last."""
    came: list[str] = []
    visitors = [Visitor(queue, came, "at work")]
    visitors[0].start()
    wait_until(lambda: came == ["at work"])
    for number, name in enumerate(("first", "second", "third", *ahead), start=1):
        visitors.append(Visitor(queue, came, name, is_ahead=name in ahead))
        visitors[-1].start()
        waiting(queue, number)
    return came, visitors


def lined_up_until_refused(queue: Admission) -> tuple[list[str], list[Visitor]]:
    came: list[str] = []
    visitors: list[Visitor] = []
    for number in range(4):
        visitors.append(Visitor(queue, came, str(number)))
        visitors[-1].start()
        wait_until(lambda: bool(came))
    visitors[-1].join(60)
    return came, visitors


class TestTurn:
    def test_when_the_wait_would_be_too_long_then_it_is_refused_at_once_with_the_time_to_come_back(self):
        queue = admission(max_wait_seconds=0.5)
        with queue.turn():
            # How long a turn takes is what the queue measures.
            time.sleep(0.3)
        came, visitors = lined_up_until_refused(queue)

        assert visitors[-1].refusal is not None
        assert visitors[-1].refusal.retry_after_seconds >= 1
        for visitor in visitors:
            visitor.may_leave.set()
        for visitor in visitors:
            visitor.join(60)
        assert came[0] == "0"

    def test_when_nobody_leaves_in_time_then_it_is_refused_and_the_queue_goes_on(self):
        queue = admission(max_wait_seconds=0.1)
        came: list[str] = []
        at_work, late = Visitor(queue, came, "at work"), Visitor(queue, came, "late")
        at_work.start()
        wait_until(lambda: came == ["at work"])
        late.start()
        late.join(60)
        at_work.may_leave.set()
        at_work.join(60)

        with queue.turn():
            came.append("room again")

        assert late.refusal is not None
        assert came == ["at work", "room again"]


class TestTurns:
    def test_when_several_wait_then_they_come_in_the_order_of_their_arrival(self):
        came, visitors = lined_up(admission())

        for visitor in visitors:
            visitor.may_leave.set()
        for visitor in visitors:
            visitor.join(60)

        assert came == ["at work", "first", "second", "third"]

    def test_when_somebody_goes_on_after_a_first_turn_then_newcomers_let_them_pass(self):
        came, visitors = lined_up(admission(), ahead=("goes on",))

        for visitor in visitors:
            visitor.may_leave.set()
        for visitor in visitors:
            visitor.join(60)

        assert came == ["at work", "goes on", "first", "second", "third"]

    @pytest.mark.parametrize("at_once", [1, 3])
    def test_when_many_come_at_once_then_never_more_are_at_work_than_may_be(self, at_once):
        queue, most, now, lock = admission(at_once=at_once), [0], [0], threading.Lock()

        def visit() -> None:
            with queue.turn():
                with lock:
                    now[0] += 1
                    most[0] = max(most[0], now[0])
                # Others get the processor while this one is at work.
                time.sleep(0.001)
                with lock:
                    now[0] -= 1

        threads = [threading.Thread(target=visit) for _ in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert most[0] == at_once
