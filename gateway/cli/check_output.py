"""How `mamia check` prints findings: one per line; on a terminal also with width, colours and groups."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from gateway.checks.finding import Finding, Level
from gateway.cli.terminal import printable

INDENT = " " * 6
COLOURS = MappingProxyType({Level.OK: "32", Level.WARN: "33", Level.FAIL: "31;1"})
"""Parameters of "select graphic rendition" (ECMA-48, 8.3.117): green, yellow, bold red."""


class FindingPrinter:
    """Prints findings one after the other.

    In a file or a pipe each finding is one line "LEVEL  subject: message", and its hint is the line after it. On a
    terminal long lines are wrapped below themselves, and a subject is printed once for findings that follow each
    other.
    """

    def __init__(self, *, only_problems: bool = False) -> None:
        self._only_problems = only_problems
        self._width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        self._has_colours = has_colours(os.environ)
        self._last_subject = ""

    def show(self, finding: Finding) -> None:
        """Print the finding at once, so that a slow check does not hide those before it."""
        if self._only_problems and finding.level is Level.OK:
            return
        is_repeated = bool(self._width) and finding.subject == self._last_subject
        self._last_subject = finding.subject
        text = f"  {finding.message}" if is_repeated else f"{finding.subject}: {finding.message}"
        print(self._coloured(finding.level) + self._wrapped(text), flush=True)
        if finding.hint:
            print(INDENT + self._wrapped(f"to fix: {finding.hint}"), flush=True)

    def show_sum(self, found: Sequence[Finding]) -> None:
        """Print how many findings there are, and below it the subjects of those that are not OK."""
        subjects = {level: _subjects(found, level) for level in (Level.FAIL, Level.WARN)}
        if not any(subjects.values()):
            if not self._only_problems:
                print(f"all {len(found)} checks are OK")
            return
        counts = ", ".join(f"{sum(one.level is level for one in found)} {level}" for level in subjects)
        print(f"\n{len(found)} checks: {counts}")
        for level, names in subjects.items():
            if names:
                print(f"{level}: {printable('; '.join(names))}")

    def _coloured(self, level: Level) -> str:
        name = f"{level:4}"
        return f"\033[{COLOURS[level]}m{name}\033[0m  " if self._has_colours else f"{name}  "

    def _wrapped(self, text: str) -> str:
        if not self._width:
            return printable(text)
        width = max(self._width - len(INDENT), 20)
        lines = textwrap.wrap(printable(text), width, break_long_words=False, break_on_hyphens=False)
        return f"\n{INDENT}".join(lines)


def has_colours(environment: Mapping[str, str]) -> bool:
    """Return whether standard output is a terminal that shows colours, and nobody forbids them (no-color.org)."""
    return sys.stdout.isatty() and environment.get("TERM") != "dumb" and not environment.get("NO_COLOR")


def _subjects(found: Iterable[Finding], level: Level) -> list[str]:
    """Return the subjects of the findings of this level, each once, in the order of the output."""
    return list(dict.fromkeys(finding.subject for finding in found if finding.level is level))
