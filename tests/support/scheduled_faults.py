"""The faults of a schedule: targets that answer wrongly, late or never, and workers that die or lose an answer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.account.errors import DirectoryUnavailable
from gateway.account.model import Secret
from gateway.workstation.model import Done, Outcome, Probe, Reason, Refused, Unavailable
from gateway.workstation.ports import Waiting
from tests.support.memory_outbox import MemoryCheck, MemoryOutbox

LEASE = 60.0


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


@dataclass(frozen=True)
class Answer:
    """What becomes of one write, and what the worker learns of it."""

    arrives: Literal["now", "late", "never"]
    outcome: Outcome | None
    """None where the worker dies before it has the answer."""


_UNKNOWN = Unavailable("no answer", outcome_unknown=True)
TAKEN = Answer("now", Done())
UNAVAILABLE = Answer("never", Unavailable("down"))
LATE = Answer("late", _UNKNOWN)
REFUSED = Answer("never", Refused(Reason.TOO_SHORT))
ANSWERS = (
    TAKEN,
    UNAVAILABLE,
    Answer("never", Unavailable("no right", "grant it")),
    *(Answer(arrives, _UNKNOWN) for arrives in ("never", "now", "late", "late")),
    *(Answer(arrives, None) for arrives in ("never", "now", "late", "late")),
    REFUSED,
)


@dataclass
class ScheduledTarget:
    """A target. A write that has not arrived yet is in `pending`; `arrive` lets it replace the password."""

    name: str
    clock: Clock
    password: str = "first"
    pending: list[tuple[float, str]] = field(default_factory=list)
    """When each write began, and its password."""
    refused: set[str] = field(default_factory=set)
    """Passwords that this target will never take."""
    unchecked: list[str] = field(default_factory=list)
    """Passwords that a worker wrote without having checked them."""

    def write(self, password: str, answer: Answer, meanwhile: Callable[[], None]) -> Outcome:
        """Begin a write, let others go on, and answer. Raises Killed where the worker dies before that."""
        write = self.clock(), password
        if answer is REFUSED:
            self.refused.add(password)
        if answer.arrives != "never":
            self.pending.append(write)
        meanwhile()
        if answer.arrives == "now" and write in self.pending:
            self._arrive(write)
        if answer.outcome is None:
            raise Killed
        return answer.outcome

    def arrive(self, begun_until: float = float("inf")) -> None:
        """Let the writes arrive that began at `begun_until` or before."""
        for write in list(self.pending):
            if write[0] <= begun_until:
                self._arrive(write)

    def _arrive(self, write: tuple[float, str]) -> None:
        self.pending.remove(write)
        self.password = write[1]


FAILURES = ("", "", "", "", "not written", "answer lost", "killed before", "killed after")
"""What becomes of a write at the directory."""


@dataclass
class FaultyOutbox:
    """A `MemoryOutbox` seen by one worker's process: its writes may fail, and it writes nothing once it is dead."""

    outbox: MemoryOutbox
    failures: list[str] = field(default_factory=list)
    """Of its next writes."""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    """Those that it gets next, by target; then each one takes what it is given."""
    slow: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What happens elsewhere during its next "claim", "check" and write at the target of a name."""
    checked: str = ""
    """The last password that it found to be in force."""
    is_dead: bool = False

    def end_faults(self) -> None:
        """Let everything succeed at once from now on."""
        self.failures.clear()
        self.answers.clear()
        self.slow.clear()

    def meanwhile(self, step: str) -> None:
        """Let happen what happens during `step`."""
        self.slow.pop(step, lambda: None)()

    def waiting(self) -> Any:
        return self._ask(self.outbox.waiting)

    def read(self, dn: str) -> Any:
        return self._ask(self.outbox.read, dn)

    def claim(self, *args: Any) -> Any:
        claimed = self._write(self.outbox.claim, *args)
        self.meanwhile("claim")
        return claimed

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
        if failure == "killed before":
            self.is_dead = True
            raise Killed
        if failure == "not written":
            raise DirectoryUnavailable("down")
        result = write(*args, **kwargs)
        if failure == "killed after":
            self.is_dead = True
            raise Killed
        if failure == "answer lost":
            raise DirectoryUnavailable("no answer")
        return result


@dataclass
class OwnTarget:
    """A `ScheduledTarget` as one worker's process uses it: where it dies, it also writes nothing more elsewhere."""

    target: ScheduledTarget
    process: FaultyOutbox

    @property
    def name(self) -> str:
        """The target's name."""
        return self.target.name

    def set_password(self, login: str, password: Secret) -> Outcome:
        """Begin a write, unless this process is dead."""
        if self.process.is_dead:
            raise Killed
        if self.process.checked != password.reveal():
            self.target.unchecked.append(password.reveal())
        answers = self.process.answers.get(self.name)
        answer = answers.pop(0) if answers else TAKEN
        try:
            return self.target.write(password.reveal(), answer, lambda: self.process.meanwhile(self.name))
        except Killed:
            self.process.is_dead = True
            raise

    def rules(self) -> None:
        """Return None: no rule of it can be read."""

    def probe(self) -> Probe:
        """Return that nothing was found."""
        return Probe()

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class SlowCheck(MemoryCheck):
    """The check of a password before it is delivered, as one worker's process uses it."""

    process: FaultyOutbox
    on_success: Callable[[str], None]
    """Takes each password that was found to be in force."""

    def check(self, item: Waiting, change: str, password: Secret) -> Refused | None:
        """Judge the password as the directory is now; the answer comes after what happens meanwhile."""
        found = super().check(item, change, password)
        if found is None:
            self.process.checked = password.reveal()
            self.on_success(password.reveal())
        self.process.meanwhile("check")
        return found
