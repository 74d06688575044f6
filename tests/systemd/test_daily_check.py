"""The unit that looks once a day for what is wrong."""

from __future__ import annotations

import re

import pytest

from tests.support.served_system import ServedSystem

pytestmark = pytest.mark.install

UNIT = "mamia-check.service"
SOUND = {"per_login": "5/16 minutes; 25/day"}
"""Tests send more forms than that; nothing else is wrong on this machine."""


def run_check(served: ServedSystem) -> str:
    """Start the unit as its timer does, and return what its journal then says."""
    mark = served.system.end_of_journal()
    served.system.run("systemctl", "start", UNIT, check=False)
    return served.system.journal("--after-cursor", mark, "--unit", UNIT)


def test_when_it_was_enabled_then_the_timer_starts_it_each_morning(served):
    assert served.system.property("mamia-check.timer", "UnitFileState") == "enabled"
    assert served.system.property("mamia-check.timer", "Triggers") == UNIT
    next_start = served.system.shell("systemctl list-timers --no-pager mamia-check.timer").stdout
    assert re.search(r" 07:(0\d|1[0-5]):", next_start), next_start


def test_when_nothing_is_wrong_then_it_ends_well(served):
    with served.settings(rate_limits=SOUND):
        said = run_check(served)

        assert served.system.property(UNIT, "Result") == "success", said
        assert " 0 FAIL" in said
        assert "mamia-check" not in served.system.run("systemctl", "--failed").stdout


def test_when_something_is_then_it_fails_and_the_journal_says_how_to_fix_it(served):
    said = run_check(served)

    assert "FAIL  " in said
    assert "to fix: rate_limits.per_login" in said
    assert UNIT in served.system.run("systemctl", "--failed").stdout
    with served.settings(rate_limits=SOUND):
        run_check(served)
    assert UNIT not in served.system.run("systemctl", "--failed").stdout


def test_when_it_looks_then_its_sandbox_refuses_nothing_that_it_needs(served):
    """Root at its shell finds nothing more, but for the clock: a container hides the host's from services."""
    by_hand = served.system.run("mamia", "check", check=False).stdout
    by_unit = run_check(served)

    lines = set(re.findall(r"(?m)^(?:FAIL|WARN)  .*", by_hand)) - set(re.findall(r"(?m)^WARN  clock.*", by_hand))
    assert lines
    assert {line for line in lines if line not in by_unit} == set()
