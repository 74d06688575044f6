"""Another process of the service, with the queue alone: python -m tests.support.turn_process FILE TURNS SHARE LOG.

It answers each line of its standard input by one line; tabs are between words.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.account.admission import Admission
from gateway.protection.clock import SystemClock
from gateway.protection.turn_file import IS_DUE, LockedTurns, TurnFile

MAX_WAIT_SECONDS = 120
VISITORS_AT_ONCE = 8
BEGINS, ENDS = "begins", "ends"


@dataclass
class Log:
    """Who began and ended a turn, in the order of all processes."""

    path: Path

    def events(self) -> list[tuple[str, str]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [(name, what) for name, what in (line.rsplit(" ", 1) for line in lines)]

    def begun(self) -> list[str]:
        return [name for name, what in self.events() if what == BEGINS]

    def at_work(self) -> set[str]:
        return set(self.begun()) - {name for name, what in self.events() if what == ENDS}

    def most_at_work(self) -> int:
        now = most = 0
        for _, what in self.events():
            now += 1 if what == BEGINS else -1
            most = max(most, now)
        return most

    def write(self, name: str, what: str) -> None:
        with self.path.open("a") as file:
            file.write(f"{name} {what}\n")


@dataclass
class TurnProcess:
    """The process, from outside."""

    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def started(cls, file: TurnFile, log: Log, *, turns: int, share: int) -> Iterator[TurnProcess]:
        command = [sys.executable, "-m", __name__, *map(str, (file.descriptor, turns, share, log.path))]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=(file.descriptor,)
        ) as process:
            try:
                yield cls(process)
            finally:
                process.kill()

    def come(self, *names: str, is_ahead: bool = False) -> None:
        """Each of them joins the queue after the one before, or has a turn."""
        for name in names:
            self._ask("ahead" if is_ahead else "come", name)

    def leave(self, *names: str) -> None:
        for name in names:
            self._ask("leave", name)

    def start_crowd(self, seed: int, turns: int) -> None:
        self._send("crowd", str(seed), str(turns))

    def finish_crowd(self) -> int:
        """Wait for its end, and return how many turns it had."""
        return int(self._answer())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def waiting(self) -> int:
        return int(self._ask("waiting"))

    @property
    def is_due(self) -> bool:
        """Whether the others know that it waits with less than its share."""
        return self._ask("is_due") == "True"

    @property
    def looks(self) -> dict[str, int]:
        """How often each visitor looked for a turn."""
        return {name: int(count) for name, count in (word.split("=") for word in self._ask("looks").split("\t"))}

    @property
    def cpu_seconds(self) -> float:
        return float(self._ask("cpu_seconds"))

    def _ask(self, *words: str) -> str:
        self._send(*words)
        return self._answer()

    def _send(self, *words: str) -> None:
        assert self.process.stdin
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()

    def _answer(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the process has ended"
        return line.rstrip("\n")


class CountedTurns(LockedTurns):
    """Knows who looked."""

    def __init__(self, file: int, begin: int, count: int) -> None:
        super().__init__(file, begin, count)
        self.looks: Counter[str] = Counter()

    @property
    def is_due(self) -> bool:
        return IS_DUE in self._told

    def take(self, *, is_due: bool) -> bool:
        self.looks[threading.current_thread().name] += 1
        return super().take(is_due=is_due)


@dataclass
class Inside:
    """What the process does for each line."""

    queue: Admission
    turns: CountedTurns
    log: Log
    visitors: dict[str, threading.Event] = field(default_factory=dict)

    def answer(self, action: str, words: Sequence[str]) -> object:
        match action:
            case "come" | "ahead":
                self.come(words[0], is_ahead=action == "ahead")
            case "leave":
                self.visitors[words[0]].set()
            case "crowd":
                return self.crowd(*map(int, words))
            case "looks":
                return "\t".join(f"{name}={count}" for name, count in self.turns.looks.items())
            case "cpu_seconds":
                return time.process_time()
            case "is_due":
                return self.turns.is_due
        return self.queue.waiting

    def come(self, name: str, *, is_ahead: bool) -> None:
        self.visitors[name] = threading.Event()
        before, has_begun = self.queue.waiting, threading.Event()
        threading.Thread(target=self.visit, name=name, args=(name, is_ahead, has_begun), daemon=True).start()
        while self.queue.waiting <= before and not has_begun.wait(0.001):
            pass

    def visit(self, name: str, is_ahead: bool, has_begun: threading.Event) -> None:
        with self.queue.turn(is_ahead=is_ahead):
            self.log.write(name, BEGINS)
            has_begun.set()
            self.visitors[name].wait()
            self.log.write(name, ENDS)

    def crowd(self, seed: int, turns: int) -> int:
        """Visitors without an end, until so many turns are over; some of them end by an exception."""
        chance, left, done = random.Random(seed), iter(range(turns)), Counter[str]()

        def visit_again() -> None:
            for number in left:
                with suppress(ZeroDivisionError), self.queue.turn(is_ahead=chance.random() < 0.3):
                    self.log.write(f"{seed}-{number}", BEGINS)
                    # Others get the processor while this one is at work.
                    time.sleep(chance.random() / 500)
                    self.log.write(f"{seed}-{number}", ENDS)
                    done[threading.current_thread().name] += 1
                    if chance.random() < 0.2:
                        raise ZeroDivisionError
                time.sleep(chance.random() / 500)

        visitors = [threading.Thread(target=visit_again) for _ in range(VISITORS_AT_ONCE)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        return done.total()


def main(file: int, count: int, share: int, log: Path) -> None:
    turns = CountedTurns(file, 0, count)
    queue = Admission(clock=SystemClock(), max_at_once=share, max_wait_seconds=MAX_WAIT_SECONDS, shared=turns)
    inside = Inside(queue, turns, Log(log))
    for line in sys.stdin:
        action, *words = line.rstrip("\n").split("\t")
        sys.stdout.write(f"{inside.answer(action, words)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
