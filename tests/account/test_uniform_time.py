"""Refusals take as long whatever was wrong, and make whoever waits for them wait as long."""

from __future__ import annotations

import threading
from datetime import date

import pytest

from gateway.account.admission import Admission
from gateway.account.change import change_password
from gateway.account.errors import DirectoryUnavailable
from gateway.account.find import find_account
from gateway.account.model import ChangeRequest, FindRequest, Secret, VerifyIdentityRequest
from gateway.account.policy import PasswordRules
from gateway.account.reset import verify_identity
from gateway.account.uniform_time import UniformTime
from tests.support.polling import wait_until

MIN_SECONDS = 0.5


class FakeClock:
    """A clock that moves when it is told to, and when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []
        """When each wait was over, counted from the beginning."""

    def monotonic(self) -> float:
        return self.now

    def sleep_until(self, moment: float) -> None:
        self.now = max(self.now, moment)
        self.waits.append(self.now - 100)


class Nobody:
    """A directory that knows nobody and takes `seconds` to say so."""

    def __init__(self, hours: FakeClock, seconds: float) -> None:
        self.hours, self.seconds = hours, seconds

    def find_by_name(self, *_: object) -> list[object]:
        self.hours.now += self.seconds
        return []

    names_born_on = find_by_name

    def authenticate(self, *_: object) -> None:
        self.hours.now += self.seconds

    verify_identity = authenticate


def uniform_time(hours: FakeClock, *, at_once: int = 1, max_wait_seconds: float = 60) -> UniformTime:
    admission = Admission(clock=hours, max_at_once=at_once, max_wait_seconds=max_wait_seconds)
    return UniformTime(clock=hours, min_seconds=MIN_SECONDS, admission=admission)


class TestRefusals:
    @pytest.mark.parametrize("seconds", [0.0, 0.008, 0.2])
    def test_when_the_directory_was_quick_or_slow_then_they_come_at_the_same_time(self, seconds):
        taken = []
        for ask in (
            lambda nobody, uniform: find_account(
                FindRequest("Durand", "Jean", date(1985, 3, 27)), people=nobody, uniform=uniform
            ),
            lambda nobody, uniform: change_password(
                ChangeRequest("fdurand4", Secret("x"), Secret("Nouveau-2025")), lambda person: None,
                passwords=nobody, rules=PasswordRules(), uniform=uniform, admits=lambda account: True,
            ),
            lambda nobody, uniform: verify_identity(
                VerifyIdentityRequest("fdurand4", Secret("x"), date(1985, 3, 27)),
                passwords=nobody, uniform=uniform, admits=lambda account: True,
            ),
        ):  # fmt: skip
            hours = FakeClock()
            ask(Nobody(hours, seconds), uniform_time(hours))
            taken.append(hours.now - 100)

        assert taken == pytest.approx([MIN_SECONDS] * 3)


class TestRefusal:
    @pytest.mark.parametrize("seconds, waits", [(0.01, [0.25, 0.5]), (0.2, [0.25, 0.5]), (0.3, [0.5, 0.5])])
    def test_when_its_work_is_done_then_the_next_one_is_admitted_after_half_of_the_time(self, seconds, waits):
        hours = FakeClock()

        assert uniform_time(hours).run(lambda: Nobody(hours, seconds).authenticate()) is None

        assert hours.waits == pytest.approx(waits)

    def test_when_its_work_took_longer_than_the_time_then_it_comes_after_a_multiple_and_is_logged(self, caplog):
        hours = FakeClock()

        uniform_time(hours).run(lambda: Nobody(hours, 0.6).authenticate())

        assert hours.now - 100 == pytest.approx(2 * MIN_SECONDS)
        assert "min_refusal_seconds" in caplog.text


class TestSuccess:
    def test_when_there_is_one_then_it_does_not_wait(self):
        hours = FakeClock()

        assert uniform_time(hours).run(lambda: "somebody") == "somebody"

        assert hours.waits == []


class TestAttempt:
    def test_when_as_many_as_may_are_at_work_then_it_waits_and_is_admitted_after_them(self):
        uniform, is_over = uniform_time(FakeClock(), at_once=2), threading.Event()
        at_work = threading.BoundedSemaphore(2)

        def work() -> str:
            assert at_work.acquire(blocking=False), "more than two at once"
            try:
                assert is_over.wait(60)
            finally:
                at_work.release()
            return "done"

        results: list[str] = []
        threads = [threading.Thread(target=lambda: results.append(uniform.run(work))) for _ in range(6)]
        for thread in threads:
            thread.start()
        is_over.set()
        for thread in threads:
            thread.join(60)

        assert results == ["done"] * 6

    def test_when_nobody_makes_room_in_time_then_the_directory_counts_as_unavailable(self):
        uniform, is_over, begun = (
            uniform_time(FakeClock(), max_wait_seconds=0.05),
            threading.Event(),
            threading.Event(),
        )

        def work() -> str:
            begun.set()
            assert is_over.wait(60)
            return "done"

        other = threading.Thread(target=lambda: uniform.run(work))
        other.start()
        wait_until(begun.is_set)

        with pytest.raises(DirectoryUnavailable):
            uniform.run(lambda: "never")

        is_over.set()
        other.join(60)
        assert uniform.run(lambda: "room again") == "room again"
