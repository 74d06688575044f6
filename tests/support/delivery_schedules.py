"""Any order of password changes, crashes, late writes, clock jumps and restored backups, over the real delivery code.

The machine promises what docs/decisions/0002-delivery-transitions.md promises. Its assumptions are those of that
record: a write arrives at most `LEASE` seconds after it was begun, and an operator decides about what is held only
when no late write can arrive any more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from nacl.public import PrivateKey

from gateway.account.errors import DirectoryUnavailable
from gateway.account.model import Secret
from gateway.protection.seal import Sealer, Unsealer
from gateway.workstation.deliver import DeliveryConfig, DeliveryWorker
from gateway.workstation.hold import HoldingOutbox
from gateway.workstation.model import Done, Outcome, Probe, Reason, Refused, Unavailable
from gateway.workstation.restored import RestoreDetector
from gateway.workstation.state import DeliveryStatus
from tests.support.memory_outbox import BASE, MemoryCheck, MemoryDirectory, MemoryOutbox, MemoryRecord, MemoryTokens

LEASE = 60.0
KEY = PrivateKey(bytes(range(32)))
TARGETS = ("realm", "windows")
WORKERS = ("left", "right")


class Killed(BaseException):
    """A worker's process dies here (kill -9)."""


class ImmediateExecutor(Executor):
    """Runs what is submitted at once: a schedule has one order and no threads."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


@dataclass
class Clock:
    """Seconds that never run backwards, for all machines."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class ScheduledTarget:
    """A target that does what the next answer says, and keeps passwords of writes that have not arrived yet."""

    name: str
    clock: Clock
    password: str = "first"
    answers: list[str] = field(default_factory=list)
    during: list[Callable[[], None]] = field(default_factory=list)
    """What happens elsewhere in the middle of the next writes."""
    late: list[tuple[float, str]] = field(default_factory=list)
    """When the write was begun, and its password."""

    def set_password(self, login: str, password: Secret) -> Outcome:
        answer = self.answers.pop(0) if self.answers else "taken"
        begun = self.clock()
        if self.during:
            self.during.pop(0)()
        text = password.reveal()
        match answer:
            case "refused":
                return Refused(Reason.TOO_SHORT)
            case "passing":
                return Unavailable("down")
            case "blocked":
                return Unavailable("no right", "grant it")
            case "lost before":
                return Unavailable("no answer", outcome_unknown=True)
            case "lost after":
                self.password = text
                return Unavailable("no answer", outcome_unknown=True)
            case "late":
                self.late.append((begun, text))
                return Unavailable("no answer", outcome_unknown=True)
            case "killed before":
                raise Killed
            case "killed after":
                self.password = text
                raise Killed
            case "killed late":
                self.late.append((begun, text))
                raise Killed
        self.password = text
        return Done()

    def land(self, until: float = float("inf")) -> None:
        """Let writes arrive that were begun before `until`."""
        for begun, text in list(self.late):
            if begun < until:
                self.late.remove((begun, text))
                self.password = text

    def rules(self) -> None:
        return None

    def probe(self) -> Probe:
        return Probe()

    def close(self) -> None:
        """Nothing is open."""


ANSWERS = (
    "taken", "taken", "passing", "blocked", "lost before", "lost after", "late", "killed before", "killed after",
    "killed late",
)  # fmt: skip
"""A refusal is final and has a rule of its own."""


@dataclass
class Machine:
    """One worker's process: what it asks of the directory may fail, and nothing comes from it once it is dead."""

    outbox: MemoryOutbox
    failures: list[str] = field(default_factory=list)
    is_dead: bool = False

    def waiting(self) -> Any:
        return self._ask(self.outbox.waiting)

    def read(self, dn: str) -> Any:
        return self._ask(self.outbox.read, dn)

    def claim(self, *args: Any) -> Any:
        return self._write(self.outbox.claim, *args)

    def release(self, *args: Any, **kwargs: Any) -> None:
        self._write(self.outbox.release, *args, **kwargs)

    def record(self, *args: Any, **kwargs: Any) -> Any:
        return self._write(self.outbox.record, *args, **kwargs)

    def _ask(self, question: Callable[..., Any], *args: Any) -> Any:
        if self.is_dead:
            raise Killed
        return question(*args)

    def _write(self, write: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.is_dead:
            raise Killed
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "not written":
            raise DirectoryUnavailable("down")
        if failure == "killed before":
            raise Killed
        result = write(*args, **kwargs)
        if failure == "answer lost":
            raise DirectoryUnavailable("no answer")
        if failure == "killed after":
            raise Killed
        return result


FAILURES = ("", "", "not written", "answer lost", "killed before", "killed after")


class DeliverySchedules(RuleBasedStateMachine):
    """Two workers, two targets, one person. `teardown` lets everything settle and judges the end."""

    @initialize()
    def start(self) -> None:
        self.clock = Clock()
        self.directory = MemoryDirectory(Sealer(KEY.public_key).seal, TARGETS, self.clock)
        self.targets = {name: ScheduledTarget(name, self.clock) for name in TARGETS}
        self.records = {name: MemoryRecord(name) for name in WORKERS}
        self.ahead = dict.fromkeys(WORKERS, timedelta(0))
        self.generation = itertools.count(1)
        self.passwords = itertools.count(1)
        self.sealed_texts: list[str] = []
        self.backup: Any = None
        self.ever_refused = False
        self.recorded: list[str] = []
        self.machines: dict[str, Machine] = {}
        self.workers: dict[str, DeliveryWorker] = {}
        for name in WORKERS:
            self._start(name)

    def _start(self, name: str) -> None:
        machine = Machine(MemoryOutbox(self.directory))
        detector = RestoreDetector(MemoryTokens(self.directory), self.records[name], self.clock)
        self.machines[name] = machine
        self.workers[name] = DeliveryWorker(
            worker=f"{name};{next(self.generation)}",
            outbox=HoldingOutbox(machine, detector, self._audit),
            targets=self.targets,
            unseal=Unsealer([KEY]),
            delivery=MemoryCheck(self.directory),
            now=lambda: self._wall_clock(name),
            monotonic=self.clock,
            config=DeliveryConfig(lease_seconds=LEASE),
            audit=self._audit,
            open_executor=lambda queue, threads: ImmediateExecutor(),
        )

    def _wall_clock(self, name: str) -> datetime:
        return BASE + timedelta(seconds=self.clock()) + self.ahead[name]

    def _audit(self, service: str, outcome: str, **facts: object) -> None:
        self.recorded.append(f"{outcome} {facts}")

    @rule()
    def change(self) -> None:
        """A password is confirmed to a person."""
        new = f"Confirmed-{next(self.passwords)}"
        self.sealed_texts.append(new)
        self.directory.change_password(new)

    @rule(
        worker=st.sampled_from(WORKERS),
        answers=st.lists(st.sampled_from(ANSWERS), max_size=3),
        failures=st.lists(st.sampled_from(FAILURES), max_size=4),
        meanwhile=st.sampled_from(("", "", "other", "slow", "slow and other", "change", "change and other")),
    )
    def run(self, worker: str, answers: list[str], failures: list[str], meanwhile: str) -> None:
        """A worker tries what is due, once."""
        for target in self.targets.values():
            target.answers = list(answers)
        self.machines[worker].failures = list(failures)
        if meanwhile:
            self.targets["windows"].during = [lambda: self._meanwhile(worker, meanwhile)]
        self._run(worker)
        for target in self.targets.values():
            target.during.clear()

    def _meanwhile(self, worker: str, what: str) -> None:
        if "slow" in what:
            self._advance(0.75 * LEASE)
        if "change" in what:
            self.change()
        if "other" in what:
            self._run(next(name for name in WORKERS if name != worker))

    def _run(self, name: str) -> None:
        try:
            self.workers[name].run_once()
        except DirectoryUnavailable:
            pass
        except Killed:
            self.machines[name].is_dead = True
            self._start(name)

    @rule(answer=st.just("refused"), worker=st.sampled_from(WORKERS))
    def run_refused(self, answer: str, worker: str) -> None:
        """A target will never take the password."""
        self.ever_refused = True
        self.run(worker, [answer], [], "")
        for target in self.targets.values():
            target.answers.clear()

    @rule(seconds=st.sampled_from((1.0, 3.0, 20.0, 31.0, 61.0, 130.0)))
    def wait(self, seconds: float) -> None:
        self._advance(seconds)

    def _advance(self, seconds: float) -> None:
        """Let time pass. A write arrives at most LEASE seconds after it was begun."""
        self.clock.seconds += seconds
        for target in self.targets.values():
            target.land(self.clock.seconds - LEASE)

    @rule(name=st.sampled_from(TARGETS))
    def land(self, name: str) -> None:
        """What was given up on arrives after all."""
        self.targets[name].land()

    @rule(worker=st.sampled_from(WORKERS), hours=st.sampled_from((-100, 0, 100)))
    def shift_clock_of_worker(self, worker: str, hours: int) -> None:
        self.ahead[worker] = timedelta(hours=hours)

    @rule(minutes=st.sampled_from((-30, 0, 30)))
    def shift_clock_of_directory(self, minutes: int) -> None:
        self.directory.ahead = timedelta(minutes=minutes)

    @rule()
    def back_up(self) -> None:
        self.backup = self.directory.backup()

    @precondition(lambda self: self.backup is not None)
    @rule()
    def restore(self) -> None:
        """The administrator stops the workers, puts a backup back, and decides later about what is held."""
        self.directory.restore(self.backup)

    def teardown(self) -> None:
        """Let everything settle, then judge."""
        if not hasattr(self, "workers"):
            return
        for _ in range(40):
            self._settle()
            if not self.directory.entry.sealed:
                break
        self.judge()

    def _settle(self) -> None:
        """One more look of each worker in a world without faults; the operator lets what is held be delivered."""
        for target in self.targets.values():
            target.answers.clear()
            target.during.clear()
        self._advance(2 * LEASE)
        self._advance(600)
        for name in WORKERS:
            self.machines[name].failures.clear()
            self._run(name)
        outbox, entry = MemoryOutbox(self.directory), self.directory.entry
        for state in entry.states:
            if state.status is DeliveryStatus.HELD:
                outbox.record(entry, state, state.resumed())

    def judge(self) -> None:
        entry = self.directory.entry
        assert not entry.sealed, f"still waits: {[str(state) for state in entry.states]}"
        assert not any(state.status is DeliveryStatus.EXPIRED for state in entry.states)
        for state in entry.states:
            if state.status is DeliveryStatus.DONE:
                delivered = self.targets[state.target].password
                assert delivered == self.directory.password, f"{state.target} has {delivered}"
            else:
                assert self.ever_refused or state.status is DeliveryStatus.DONE, str(state)

    def check_secrets(self) -> None:
        """No password is readable in what the directory, the audit or the log holds."""
        held = [self.directory.entry.sealed.hex(), str(self.directory.entry.states), *self.recorded]
        for text in self.sealed_texts:
            assert text.encode() not in self.directory.entry.sealed
            assert not any(text in words for words in held)
