"""Any order of password changes, crashes, late writes, clock jumps and restored backups, over the real delivery code.

The machine promises what docs/decisions/0002-delivery-transitions.md promises, under the assumptions of that record:
a write arrives at most `LEASE` seconds after it began, and a directory is restored as docs/restore.md says.
"""

from __future__ import annotations

import itertools
import logging
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from nacl.public import PrivateKey

from gateway.account.errors import DirectoryUnavailable
from gateway.protection.seal import Sealer, Unsealer
from gateway.workstation.deliver import DeliveryConfig, DeliveryWorker
from gateway.workstation.hold import HoldingOutbox
from gateway.workstation.restored import RestoreDetector
from gateway.workstation.state import DeliveryState, DeliveryStatus
from tests.support.memory_outbox import BASE, MemoryDirectory, MemoryOutbox, MemoryRecord, MemoryTokens
from tests.support.scheduled_faults import (
    ANSWERS,
    FAILURES,
    LEASE,
    Answer,
    Clock,
    FaultyOutbox,
    ImmediateExecutor,
    Killed,
    OwnTarget,
    ScheduledTarget,
    SlowCheck,
)

KEY = PrivateKey(bytes(range(32)))
TARGETS = ("realm", "windows")
WORKERS = ("left", "right")
LONG = timedelta(hours=100)
"""More than the retry time."""
LOG = logging.getLogger("gateway.workstation")
LOOKS = st.lists(st.tuples(st.sampled_from((0.0, 3.0, 31.0, 61.0)), st.sampled_from(WORKERS)), min_size=1, max_size=4)
"""After how many seconds each worker looks."""
MEANWHILE = st.lists(
    st.sampled_from(("change", "other", "other twice in 31", "other twice in 61", "wait 20", "arrive")), max_size=4
)
"""What happens elsewhere while one worker waits for an answer."""


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text of `record`."""
        self.lines.append(record.getMessage())


class DeliveryEvents(RuleBasedStateMachine):
    """All that can happen to two workers, two targets and one person."""

    @initialize()
    def start(self) -> None:
        """Start both workers on an empty outbox. Each looks once: before that it could not notice a restore."""
        self.clock = Clock()
        self.directory = MemoryDirectory(Sealer(KEY.public_key).seal, TARGETS, self.clock)
        self.targets = {name: ScheduledTarget(name, self.clock) for name in TARGETS}
        self.records = {name: MemoryRecord(name) for name in WORKERS}
        self.ahead = dict.fromkeys(WORKERS, timedelta(0))
        self.process_numbers = itertools.count(1)
        self.passwords = ["first"]
        """All that were ever confirmed, the newest last."""
        self.newest_tried = 0
        """The place in `passwords` of the newest one that a worker began to deliver."""
        self.gone_back: list[str] = []
        """Older passwords that were delivered after newer ones, though no operator had decided so."""
        self.backup: Any = None
        self.changes_at_backup = 0
        self.lost_in_restore: tuple[DeliveryState, ...] = ()
        """Ended before the backup: what was delivered after the backup is not known to the directory any more."""
        self.audited = Lines()
        LOG.addHandler(self.audited)
        self.processes: dict[str, FaultyOutbox] = {}
        self.workers: dict[str, DeliveryWorker] = {}
        for name in WORKERS:
            self._start(name)
            self._run(name)

    def _start(self, name: str) -> None:
        process = FaultyOutbox(MemoryOutbox(self.directory))
        detector = RestoreDetector(MemoryTokens(self.directory), self.records[name], self.clock)
        self.processes[name] = process
        self.workers[name] = DeliveryWorker(
            worker=f"{name};{next(self.process_numbers)}",
            outbox=HoldingOutbox(process, detector, self._audit),
            targets={target.name: OwnTarget(target, process) for target in self.targets.values()},
            unseal=Unsealer([KEY]),
            delivery=SlowCheck(self.directory, process, self._on_check),
            now=lambda: self._wall_clock(name),
            monotonic=self.clock,
            config=DeliveryConfig(lease_seconds=LEASE),
            audit=self._audit,
            open_executor=lambda queue, threads: ImmediateExecutor(),
        )

    def _wall_clock(self, name: str) -> datetime:
        return BASE + timedelta(seconds=self.clock()) + self.ahead[name]

    def _audit(self, service: str, outcome: str, **facts: object) -> None:
        self.audited.lines.append(f"{outcome} {facts}")

    def _on_check(self, password: str) -> None:
        place = self.passwords.index(password)
        if place < self.newest_tried:
            self.gone_back.append(f"{password} is delivered after {self.passwords[self.newest_tried]}")
        self.newest_tried = max(place, self.newest_tried)

    @rule()
    def change(self) -> None:
        """A password is confirmed to a person."""
        self.passwords.append(f"Confirmed-{len(self.passwords)}")
        self.directory.change_password(self.passwords[-1])

    @rule(looks=LOOKS)
    def run(self, looks: list[tuple[float, str]]) -> None:
        """Each time some seconds later, a worker tries what is due, and nothing goes wrong."""
        for seconds, worker in looks:
            self._advance(seconds)
            self._run(worker)

    @rule(
        is_changed=st.booleans(),
        worker=st.sampled_from(WORKERS),
        answers=st.lists(st.sampled_from(ANSWERS), max_size=2),
        failures=st.lists(st.sampled_from(FAILURES), max_size=4),
    )
    def run_faulty(self, is_changed: bool, worker: str, answers: list[Answer], failures: list[str]) -> None:
        """A worker tries what is due while targets and the directory fail. Before, the password may have changed."""
        if is_changed:
            self.change()
        process = self.processes[worker]
        process.answers = {target: list(answers) for target in TARGETS}
        process.failures = list(failures)
        self._run(worker)
        process.end_faults()

    @rule(
        worker=st.sampled_from(WORKERS),
        slow=st.sampled_from(TARGETS),
        answer=st.sampled_from(ANSWERS),
        during_claim=MEANWHILE,
        during_check=MEANWHILE,
        during_write=MEANWHILE,
    )
    def run_slowly(
        self, worker: str, slow: str, answer: Answer, during_claim: list[str], during_check: list[str],
        during_write: list[str],
    ) -> None:  # fmt: skip
        """A worker tries what is due. Its claim, its check and a target are slow, and others go on meanwhile."""
        process = self.processes[worker]
        process.answers = {slow: [answer]}
        process.slow = {
            "claim": lambda: self._meanwhile(worker, during_claim),
            "check": lambda: self._meanwhile(worker, during_check),
            slow: lambda: self._meanwhile(worker, during_write),
        }
        self._run(worker)
        process.end_faults()

    def _meanwhile(self, worker: str, events: list[str]) -> None:
        other = next(name for name in WORKERS if name != worker)
        for event in events:
            match event.split():
                case ["wait", seconds]:
                    self._advance(float(seconds))
                case ["change"]:
                    self.change()
                case ["arrive"]:
                    self.arrive()
                case ["other"]:
                    self._run(other)
                case [*_, seconds]:
                    self._run(other)
                    self._advance(float(seconds))
                    self._run(other)

    def _run(self, name: str) -> None:
        try:
            self.workers[name].run_once()
        except DirectoryUnavailable:
            pass
        except Killed:
            self._start(name)

    @rule()
    def arrive(self) -> None:
        """What was given up on arrives after all."""
        for target in self.targets.values():
            target.arrive()

    def _advance(self, seconds: float) -> None:
        """Let time pass. A write arrives at most LEASE seconds after it began."""
        self.clock.seconds += seconds
        for target in self.targets.values():
            target.arrive(begun_until=self.clock.seconds - LEASE)

    @rule(
        clock=st.sampled_from(("directory", *WORKERS)),
        jump=st.sampled_from((timedelta(0), timedelta(minutes=-30), timedelta(minutes=30), LONG, -LONG)),
    )
    def set_clock(self, clock: str, jump: timedelta) -> None:
        """A wall clock jumps. That of the directory stays within the retry time."""
        if clock != "directory":
            self.ahead[clock] = jump
        elif abs(jump) < LONG:
            self.directory.ahead = jump

    @precondition(lambda self: self.backup is None)
    @rule()
    def back_up(self) -> None:
        """The administrator makes a backup."""
        self.backup = self.directory.backup()
        self.changes_at_backup = len(self.passwords)

    @precondition(lambda self: self.backup is not None and len(self.passwords) > self.changes_at_backup)
    @rule(restarts=st.lists(st.sampled_from(WORKERS), unique=True))
    def restore(self, restarts: list[str]) -> None:
        """All that writes is stopped, the backup is put back, and workers go on or start again.

        Workers look every second, so each has seen the other one's last number before it was stopped.
        """
        for name in (*WORKERS, *WORKERS):
            self.workers[name].outbox.waiting()
        self._advance(LEASE)
        self.directory.restore(self.backup)
        self.backup = None
        self.lost_in_restore = tuple(state for state in self.directory.entry.states if state.is_final)
        for name in restarts:
            self._start(name)

    @precondition(lambda self: self._held())
    @rule()
    def resume(self) -> None:
        """The operator decides that the restored passwords are delivered, though a target may have newer ones."""
        self._advance(LEASE)
        self.newest_tried = 0
        for state in self._held():
            MemoryOutbox(self.directory).record(self.directory.entry, state, state.resumed())

    def _held(self) -> list[DeliveryState]:
        return [state for state in self.directory.entry.states if state.status is DeliveryStatus.HELD]


class DeliverySchedules(DeliveryEvents):
    """What holds after each event. `teardown` ends all faults and judges what is left after them."""

    @invariant()
    def done_is_never_undone(self) -> None:
        """Where the directory says done, the target has the newest password, and no write of another may arrive."""
        for state in self.directory.entry.states:
            if state.status is DeliveryStatus.DONE and state not in self.lost_in_restore:
                target, newest = self.targets[state.target], self.directory.password
                assert target.password == newest, f"{target.name} has {target.password}, not {newest}"
                assert {password for _, password in target.pending} <= {newest}, f"{target.name}: {target.pending}"

    @invariant()
    def only_checked_and_newest_passwords_are_delivered(self) -> None:
        """No write begins without the check, and none with an older password than one that was tried."""
        assert not self.gone_back, self.gone_back
        assert not any(target.unchecked for target in self.targets.values())

    @invariant()
    def nothing_is_lost(self) -> None:
        """What has not ended can still be delivered; it ends as delivered, or because the target refused it."""
        entry = self.directory.entry
        assert entry.sealed or all(state.is_final for state in entry.states)
        for state in entry.states:
            assert state.status is not DeliveryStatus.EXPIRED, str(state)
            is_refused = self.directory.password in self.targets[state.target].refused
            assert is_refused or state.status is not DeliveryStatus.REJECTED, str(state)

    @invariant()
    def no_password_is_in_plain_text(self) -> None:
        """No password is readable in what the directory, the audit and the log hold."""
        entry = self.directory.entry
        held = "\n".join((repr(entry.sealed), entry.lease, *map(str, entry.states), *self.audited.lines))
        assert not any(password in held for password in self.passwords[1:])

    def teardown(self) -> None:
        """End all faults, let the workers finish, and judge what is left."""
        try:
            self._finish()
        finally:
            LOG.removeHandler(self.audited)
        assert not self.directory.entry.sealed, f"still waits: {[str(one) for one in self.directory.entry.states]}"
        self.done_is_never_undone()
        self.only_checked_and_newest_passwords_are_delivered()
        self.nothing_is_lost()
        self.no_password_is_in_plain_text()

    def _finish(self) -> None:
        for _ in range(40):
            self._advance(600 + 2 * LEASE)
            for name in WORKERS:
                self._run(name)
            if self._held():
                self.resume()
            if not self.directory.entry.sealed:
                return
