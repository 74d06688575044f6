"""Refusals take as long whatever was wrong."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.account.change import change_password
from gateway.account.find import NOT_FOUND_AFTER_SECONDS, find_account
from gateway.account.model import ChangeRequest, FindRequest, ProveRequest, Secret
from gateway.account.policy import PasswordRules
from gateway.account.ports import REFUSED_AFTER_SECONDS
from gateway.account.reset import prove_identity


class Hours:
    """A clock that moves when it is told to, and when somebody waits."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep_until(self, moment: float) -> None:
        self.now = max(self.now, moment)


class Nobody:
    """A directory that knows nobody and takes `seconds` to say so."""

    def __init__(self, hours: Hours, seconds: float) -> None:
        self.hours, self.seconds = hours, seconds

    def named(self, *_: object) -> list[object]:
        self.hours.now += self.seconds
        return []

    born_on = named

    def held_by(self, *_: object) -> None:
        self.hours.now += self.seconds

    proved_by = held_by


@pytest.mark.parametrize("seconds", [0.0, 0.008, 0.04])
def test_refusals_when_the_directory_was_quick_or_slow_then_they_come_at_the_same_time(seconds):
    taken = []
    for ask in (
        lambda nobody, hours: find_account(
            FindRequest("Durand", "Jean", date(1985, 3, 27)), people=nobody, clock=hours
        ),
        lambda nobody, hours: change_password(
            ChangeRequest("fdurand4", Secret("x"), Secret("Nouveau-2025")),
            passwords=nobody, rules=PasswordRules(), clock=hours,
        ),
        lambda nobody, hours: prove_identity(
            ProveRequest("fdurand4", Secret("x"), date(1985, 3, 27)), passwords=nobody, clock=hours
        ),
    ):  # fmt: skip
        hours = Hours()
        ask(Nobody(hours, seconds), hours)
        taken.append(hours.now - 100)

    assert taken == pytest.approx([NOT_FOUND_AFTER_SECONDS, REFUSED_AFTER_SECONDS, REFUSED_AFTER_SECONDS])
