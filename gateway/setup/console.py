"""Questions at a terminal: a default in brackets that Enter accepts, `?` for an explanation, secrets without echo."""

from __future__ import annotations

import getpass
import re
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from gateway.checks.finding import Finding, Level

MAX_COLUMNS = 80
MAX_PROMPT_CHARS = 60
"""A longer question leaves no room for the answer, so the answer gets a line of its own."""
YES, NO = frozenset({"y", "yes"}), frozenset({"n", "no"})
NONE = "none"
"""What a person types for an answer that is empty."""
MARKS = {Level.OK: "ok", Level.WARN: "note", Level.FAIL: "!!"}


class AnswersEnded(Exception):
    """Standard input ended before the last question; the text is the question."""


class Console:
    """Prints and reads lines. Without a terminal, the answers are lines of standard input."""

    def say(self, text: str = "", *, indent: str = "") -> None:
        """Print `text`, folded to the width of the terminal."""
        for line in text.split("\n"):
            _write(fold(line, indent))

    def title(self, text: str) -> None:
        """Print the heading of a group of questions."""
        _write(f"\n{text}\n{'-' * len(text)}")

    def show(self, finding: Finding) -> None:
        """Print what was found when an answer was tried, and how to fix a problem."""
        mark = MARKS[finding.level]
        _write(fold(f"{mark:>4}  {finding.message}", "", "      "))
        if finding.hint and finding.level is not Level.OK:
            _write(fold(f"to fix: {finding.hint}", "      "))

    def ask(self, text: str, default: str = "") -> str:
        """Return the answer without outer blanks, or `default` for an empty one. Raises AnswersEnded."""
        prompt = f"{text} [{default}]: " if default else f"{text}: "
        if len(prompt) > MAX_PROMPT_CHARS:
            _write(fold(f"{text}:", ""))
            prompt = f"  [{default}] " if default else "  "
        try:
            answer = input(prompt).strip()
        except EOFError:
            raise AnswersEnded(text) from None
        if not sys.stdin.isatty():
            _write("")
        return answer or default

    def ask_secret(self, text: str) -> SecretStr:
        """Return a secret, which is not shown while it is typed. Raises AnswersEnded."""
        if sys.stdin.isatty():
            return SecretStr(getpass.getpass(f"{text}: ", stream=sys.stderr))
        _write(f"{text}: ")
        line = sys.stdin.readline()
        if not line:
            raise AnswersEnded(text)
        return SecretStr(line.rstrip("\r\n"))

    def confirm(self, text: str, *, default: bool) -> bool:
        """Return whether the person answers yes."""
        while True:
            answer = self.ask(text, "yes" if default else "no").lower()
            if answer in YES | NO:
                return answer in YES
            self.say("Please type yes or no.", indent="  ")

    def choose(self, text: str, choices: Sequence[str], default: int) -> int:
        """Print numbered choices and return the index of the chosen one."""
        for number, choice in enumerate(choices, start=1):
            _write(fold(f"{number:>3}  {choice}", "", "     "))
        while True:
            answer = self.ask(text, str(default + 1))
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return int(answer) - 1
            self.say(f"Please type a number from 1 to {len(choices)}.", indent="  ")

    def choose_several(self, text: str, choices: Mapping[str, str], default: Sequence[str], help_: str) -> list[str]:
        """Print numbered choices, each with its name, and return the names of the chosen ones. `?` prints `help_`."""
        for number, (name, what) in enumerate(choices.items(), start=1):
            _write(fold(f"{number:>3}  {name}: {what}", "", "     "))
        while True:
            answer = self.ask(text, " ".join(default) or NONE)
            if answer == "?":
                self.say(help_, indent="  ")
                continue
            typed = [] if answer == NONE else [one.lower() for one in re.split(r"[\s,;]+", answer) if one]
            names = list(choices)
            known = {**{name: name for name in names}, **{str(index): name for index, name in enumerate(names, 1)}}
            if unknown := [one for one in typed if one not in known]:
                many = f"from 1 to {len(names)}, or {NONE}"
                self.say(f"There is no {', '.join(unknown)}. Please type names or numbers {many}.", indent="  ")
                continue
            wanted = {known[one] for one in typed}
            return [name for name in names if name in wanted]


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def fold(text: str, indent: str, hanging: str | None = None) -> str:
    """Return `text` in lines that fit the terminal, at most MAX_COLUMNS wide."""
    width = min(MAX_COLUMNS, shutil.get_terminal_size((MAX_COLUMNS, 24)).columns) - 1
    return (
        textwrap.fill(
            text,
            max(width, 40),
            initial_indent=indent,
            subsequent_indent=indent if hanging is None else hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
        or indent.rstrip()
    )
