"""A domain whose moods a test sets, and a clock that may be wrong. The real domains are in tests/targets/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.account.model import Secret
from gateway.workstation.model import Done, Outcome, Probe

LEASE = 60.0
"""Seconds, as in life: they pass when a test says so."""


@dataclass
class FakeTarget:
    """A target that keeps what it is told.

    `answers` are given in turn before it works; `before` runs in the middle of a write.
    """

    name: str = "domain"
    passwords: dict[str, str] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    answers: list[Outcome] = field(default_factory=list)
    before: Callable[[str], object] = lambda password: None

    def set_password(self, login: str, password: Secret) -> Outcome:
        if self.answers:
            return self.answers.pop(0)
        self.before(password.reveal())
        self.passwords[login] = password.reveal()
        self.writes.append(password.reveal())
        return Done()

    def rules(self) -> None:
        return None

    def probe(self) -> Probe:
        return Probe()

    def close(self) -> None:
        pass


@dataclass
class FakeMonotonicClock:
    """The monotonic clock of all workers of a test. It stands still until the test lets time pass."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def let_pass(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeClock:
    """The wall clock of one machine, right or wrong."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead
