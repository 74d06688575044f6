"""How `mamia check` looks: in a pipe one finding per line, on a terminal wrapped, grouped and coloured."""

from __future__ import annotations

import re
import sys

import pytest

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.cli.check_output import FindingPrinter
from tests.support.terminal import run_on_a_terminal

FOUND = [
    ok("store", "answers"),
    ok("store", "keeps what it is given, and gives it back to every process of the service that asks for it"),
    warn("mail", "people get no mail", "notifications.smtp_host: name the server that takes mails from this machine"),
    fail("policies", "the default policy does not lock", "pwdLockout: TRUE"),
]
PROGRAM = """
from gateway.cli.check_output import FindingPrinter
from tests.cli.test_check_output import FOUND
printer = FindingPrinter()
for finding in FOUND:
    printer.show(finding)
printer.show_sum(FOUND)
"""
COLOUR = re.compile(r"\033\[[0-9;]*m")
COLUMNS = 60


def on_a_terminal(**environment: str) -> str:
    """What the findings look like on a terminal of COLUMNS columns."""
    return run_on_a_terminal([sys.executable, "-c", PROGRAM], columns=COLUMNS, **environment)


def in_a_pipe(capsys: pytest.CaptureFixture[str], found: list[Finding], *, only_problems: bool = False) -> str:
    printer = FindingPrinter(only_problems=only_problems)
    for finding in found:
        printer.show(finding)
    printer.show_sum(found)
    return capsys.readouterr().out


class TestPipe:
    def test_when_a_program_reads_then_each_finding_is_one_line_with_its_subject_and_no_colour(self, capsys):
        assert in_a_pipe(capsys, FOUND).splitlines() == [
            "OK    store: answers",
            f"OK    store: {FOUND[1].message}",
            "WARN  mail: people get no mail",
            f"      to fix: {FOUND[2].hint}",
            "FAIL  policies: the default policy does not lock",
            "      to fix: pwdLockout: TRUE",
            "",
            "4 checks: 1 FAIL, 1 WARN",
            "FAIL: policies",
            "WARN: mail",
        ]

    def test_when_all_is_well_then_one_line_says_so(self, capsys):
        assert in_a_pipe(capsys, FOUND[:2]).splitlines()[-1] == "all 2 checks are OK"

    def test_when_problems_alone_are_wanted_then_nothing_else_is_printed(self, capsys):
        assert in_a_pipe(capsys, FOUND[:2], only_problems=True) == ""
        assert "store" not in in_a_pipe(capsys, FOUND, only_problems=True)

    def test_when_a_value_of_the_directory_would_move_the_cursor_then_it_is_replaced(self, capsys):
        assert "\033" not in in_a_pipe(capsys, [fail("cn=\033[2J", "\033[2J", "\033[2J")])


class TestTerminal:
    def test_when_lines_are_long_then_they_are_wrapped_below_themselves(self):
        lines = COLOUR.sub("", on_a_terminal()).splitlines()

        assert max(map(len, lines)) <= COLUMNS
        assert lines[1] == "OK      keeps what it is given, and gives it back to every"
        assert lines[2].startswith("      process of the service")

    def test_when_a_subject_follows_itself_then_it_is_printed_once(self):
        assert COLOUR.sub("", on_a_terminal()).count("store") == 1

    def test_when_it_shows_colours_then_each_level_has_its_own(self):
        shown = on_a_terminal()

        for level in ("\033[32mOK  \033[0m", "\033[33mWARN\033[0m", "\033[31;1mFAIL\033[0m"):
            assert level in shown

    @pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_when_somebody_forbids_colours_then_there_are_none(self, variable):
        assert COLOUR.search(on_a_terminal(**variable)) is None
