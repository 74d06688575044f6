"""Turns that processes of one service share: never too many, a share for each, and none is ever lost."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import pytest

from gateway.account.admission import Admission
from gateway.account.errors import DirectoryBusy
from gateway.protection.turn_file import TurnFile
from tests.support.polling import wait_until
from tests.support.turn_process import Log, TurnProcess

LOOKER = "turns"
"""The thread that looks for free turns."""
LOOKS = 100
MANY = 50
CPU_OF_A_LOOK = 0.001


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "turns")


@pytest.fixture
def start(turn_file, log):
    with ExitStack() as stack:
        yield lambda turns, share: stack.enter_context(TurnProcess.started(turn_file, log, turns=turns, share=share))


class StillClock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep_until(self, moment: float) -> None:
        self.now = max(self.now, moment)


def free_turns(file: TurnFile, count: int) -> int:
    """How many another process can have."""
    turns = file.turns(0, count)
    taken = sum(turns.take(is_due=True) for _ in range(count))
    for _ in range(taken):
        turns.give_back()
    return taken


def begun(log: Log, count: int) -> None:
    """Until so many turns have begun."""
    wait_until(lambda: len(log.begun()) == count)


def waiting(queue: Admission, count: int) -> None:
    """Until so many wait."""
    wait_until(lambda: queue.waiting == count)


class TestLimit:
    def test_when_two_processes_are_busy_then_never_more_are_at_work_than_may_be(self, start, log):
        processes = [start(turns=3, share=1) for _ in range(2)]

        for seed, process in enumerate(processes):
            process.start_crowd(seed, 200)
        for process in processes:
            process.finish_crowd()

        assert log.most_at_work() == 3

    def test_when_one_process_rests_then_the_other_uses_all_turns(self, start, log):
        busy, _ = start(turns=3, share=1), start(turns=3, share=1)

        busy.come("first", "second", "third", "fourth")

        assert (log.begun(), busy.waiting) == (["first", "second", "third"], 1)

    def test_when_the_number_is_not_a_multiple_of_the_processes_then_no_turn_rests(self, start, log):
        """Four turns for three processes."""
        processes = [start(turns=4, share=1) for _ in range(3)]

        for number, process in enumerate(processes):
            process.come(f"{number}-first", f"{number}-second")

        assert len(log.begun()) == 4


class TestShare:
    def test_when_a_process_comes_back_then_it_has_its_share_after_one_turn(self, start, log):
        busy, back = start(turns=2, share=1), start(turns=2, share=1)
        busy.come("first", "second", "third", "fourth")

        back.come("back")
        wait_until(lambda: back.is_due)
        busy.leave("first")
        wait_until(lambda: "back" in log.begun())

        assert log.begun() == ["first", "second", "back"]

    def test_when_it_has_only_its_share_then_its_next_attempt_follows(self, start, log):
        one, other = start(turns=2, share=1), start(turns=2, share=1)
        one.come("one")
        other.come("other", "behind the other")
        one.come("behind the one")

        one.leave("one")
        wait_until(lambda: "behind the one" in log.begun())

        assert log.at_work() == {"behind the one", "other"}
        assert other.waiting == 1

    def test_when_its_turn_is_over_then_one_that_waits_elsewhere_has_it(self, start, log):
        one, other = start(turns=2, share=1), start(turns=2, share=1)
        one.come("one")
        other.come("other", "behind the other")

        one.leave("one")

        wait_until(lambda: log.at_work() == {"other", "behind the other"})


class TestEndOfProcess:
    def test_when_it_is_killed_then_its_turns_are_free(self, start, log):
        killed, other = start(turns=2, share=1), start(turns=2, share=1)
        killed.come("first", "second", "waits")
        other.come("other", "behind the other")
        assert log.begun() == ["first", "second"]

        killed.kill()

        # One look finds both, so they begin in any order.
        wait_until(lambda: set(log.begun()[2:]) == {"other", "behind the other"})

    def test_when_one_that_waited_is_killed_then_the_others_are_not_held_back(self, start, log):
        busy, killed = start(turns=2, share=1), start(turns=2, share=1)
        busy.come("first", "second", "third")
        killed.come("killed")
        wait_until(lambda: killed.is_due)

        killed.kill()
        busy.leave("first")

        wait_until(lambda: log.begun() == ["first", "second", "third"])

    def test_when_many_had_turns_and_some_failed_then_no_turn_is_lost(self, start, turn_file):
        processes = [start(turns=5, share=1) for _ in range(3)]

        for seed, process in enumerate(processes):
            process.start_crowd(seed, 350)
        done = [process.finish_crowd() for process in processes]

        assert done == [350] * 3
        assert free_turns(turn_file, 5) == 5


class TestReload:
    def test_when_new_processes_have_another_limit_then_they_count_the_turns_of_the_former_ones(self, start, log):
        former, new = start(turns=2, share=1), start(turns=3, share=1)
        former.come("former 1", "former 2")
        new.come("new 1", "new 2")
        assert log.at_work() == {"former 1", "former 2", "new 1"}

        former.leave("former 1")

        wait_until(lambda: log.at_work() == {"former 2", "new 1", "new 2"})


class TestOrder:
    def test_when_several_wait_then_they_come_in_the_order_of_their_arrival_after_those_who_go_on(self, start, log):
        busy, _ = start(turns=2, share=1), start(turns=2, share=1)
        busy.come("a", "b", "first", "second", "third")
        busy.come("goes on", is_ahead=True)

        for number, name in enumerate(("a", "b", "goes on", "first"), start=3):
            busy.leave(name)
            begun(log, number)

        assert log.begun() == ["a", "b", "goes on", "first", "second", "third"]

    def test_when_turns_come_from_another_process_then_they_come_in_the_same_order(self, start, log):
        busy, other = start(turns=3, share=1), start(turns=3, share=1)
        other.come("a", "b")
        busy.come("c", "first", "second")
        busy.come("goes on", is_ahead=True)

        for number, name in enumerate(("a", "b"), start=4):
            other.leave(name)
            begun(log, number)

        assert log.begun()[3:] == ["goes on", "first"]


class TestCost:
    def test_when_many_wait_then_one_thread_looks_for_a_turn_and_they_sleep(self, start):
        busy, waits = start(turns=2, share=1), start(turns=2, share=1)
        busy.come("a")
        waits.come("b", *(f"waits {number}" for number in range(MANY)))
        # Who came while nobody waited looked once.
        before, cpu = waits.looks, waits.cpu_seconds

        wait_until(lambda: waits.looks.get(LOOKER, 0) >= before.get(LOOKER, 0) + LOOKS)

        after, cpu = waits.looks, waits.cpu_seconds - cpu
        assert [name for name in after if after[name] > before.get(name, 0)] == [LOOKER]
        assert cpu < CPU_OF_A_LOOK * (after[LOOKER] - before.get(LOOKER, 0))

    def test_when_nobody_waits_any_more_then_nobody_looks(self, start, log):
        busy, waits = start(turns=2, share=1), start(turns=2, share=1)
        busy.come("a")
        waits.come("b", "waits")
        wait_until(lambda: waits.looks.get(LOOKER, 0))
        waits.leave("b")
        begun(log, 3)
        # One look may be under way.
        seen = waits.looks[LOOKER]

        busy.come(*(f"waits {number}" for number in range(MANY)))
        wait_until(lambda: busy.looks.get(LOOKER, 0) >= LOOKS)

        assert waits.looks[LOOKER] <= seen + 1


class Attempt(threading.Thread):
    """Keeps its turn until it may leave."""

    def __init__(self, queue: Admission, may_leave: threading.Event) -> None:
        super().__init__(daemon=True)
        self.queue, self.may_leave, self.has_turn = queue, may_leave, threading.Event()

    def run(self) -> None:
        with self.queue.turn():
            self.has_turn.set()
            self.may_leave.wait()


class TestBusy:
    def test_when_it_uses_turns_beyond_its_share_then_they_count_for_the_time_to_wait(self, turn_file):
        """Four turns of ten seconds: the fifth that waits comes after 12.5 seconds."""
        clock = StillClock()
        queue = Admission(clock=clock, max_at_once=2, max_wait_seconds=10, shared=turn_file.turns(0, 4))
        with queue.turn():
            clock.now += 10
        may_leave = threading.Event()
        attempts = [Attempt(queue, may_leave) for _ in range(8)]
        for attempt in attempts[:4]:
            attempt.start()
            assert attempt.has_turn.wait(60)
        for number, attempt in enumerate(attempts[4:], start=1):
            attempt.start()
            waiting(queue, number)

        with pytest.raises(DirectoryBusy) as refused:
            queue.refuse_if_full()

        assert refused.value.retry_after_seconds == 13
        may_leave.set()
        for attempt in attempts:
            attempt.join(60)

    def test_when_no_turn_is_free_in_time_then_it_is_refused_and_its_process_is_not_due_any_more(
        self, turn_file, start, log
    ):
        busy = start(turns=2, share=1)
        busy.come("a", "b", "c")
        queue = Admission(clock=StillClock(), max_at_once=1, max_wait_seconds=0.1, shared=turn_file.turns(0, 2))

        with pytest.raises(DirectoryBusy), queue.turn():
            pass
        busy.leave("a")

        wait_until(lambda: log.begun() == ["a", "b", "c"])
