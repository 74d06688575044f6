"""A command at a pseudo terminal, answered as a person answers it: by the question that is on the screen."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 120
QUIET_SECONDS = 0.02
"""How long a command prints nothing before its last line is taken for a question."""
INTERRUPT = "\x03"
"""What Ctrl-C sends; as an answer it needs no line end."""


@dataclass
class TerminalRun:
    """What a command did."""

    status: int
    output: str
    asked: list[str] = field(default_factory=list)
    """The questions, without their defaults."""


def run_at_terminal(
    command: Sequence[str | Path],
    answers: Mapping[str, str | Sequence[str]],
    environment: Mapping[str, str],
    columns: int = 80,
) -> TerminalRun:
    """Run the command and answer its questions; Enter where `answers` has none.

    `answers`: from a regular expression that the question holds to what is typed; several are typed one after the
    other, the last one for all further times.
    """
    process, terminal = pty.fork()
    if process == 0:
        # A shell's background job, such as a run of all tests may be, ignores Ctrl-C, and so would the command.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        words = [str(one) for one in command]
        os.execvpe(words[0], words, {**environment, "COLUMNS": str(columns)})
    run = TerminalRun(-1, "")
    left = {key: [one] if isinstance(one, str) else list(one) for key, one in answers.items()}
    deadline, answered = time.monotonic() + SECONDS, 0
    while True:
        assert time.monotonic() < deadline, f"the command does not end: {run.output[-2000:]}"
        if select.select([terminal], [], [], QUIET_SECONDS)[0]:
            try:
                piece = os.read(terminal, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            run.output += piece.decode("utf-8", "replace").replace("\r\n", "\n")
            continue
        since = run.output[answered:]
        if _waits(process, since):
            run.asked.append(_question(since))
            answer = _answer(run.asked[-1], left)
            os.write(terminal, (answer if answer == INTERRUPT else answer + "\n").encode())
            answered = len(run.output)
    run.status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.close(terminal)
    return run


def _waits(process: int, since: str) -> bool:
    """Return whether something is on the screen since the last answer, and a command there reads the terminal."""
    return bool(since.strip()) and any(_reads(one) for one in _descendants(process))


def _descendants(process: int) -> Iterator[int]:
    yield process
    with suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            yield from _descendants(int(child))


def _reads(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/wchan").read_text() in _READING
    except OSError:
        return False


_READING = ("n_tty_read", "wait_woken")
"""Where the kernel lets a process wait for what is typed."""


def _question(shown: str) -> str:
    """Return the last line; with the one or two above it where the last one has only the default."""
    lines = [line.strip() for line in shown.strip().split("\n")]
    return lines[-1] if not lines[-1].startswith("[") else " ".join(lines[-3:])


def _answer(question: str, left: dict[str, list[str]]) -> str:
    for pattern, texts in left.items():
        if re.search(pattern, question):
            return texts.pop(0) if len(texts) > 1 else texts[0]
    return ""
