"""The unit that looks once a day for what is wrong."""

from __future__ import annotations

import re

import pytest

from tests.support.served_system import ServedSystem
from tests.systemd.test_settings import SOCKET_STORE, store_at_a_socket

pytestmark = pytest.mark.install

UNIT = "mamia-check.service"
FINDING = re.compile(r"(?m)(?:FAIL|WARN)  .*$")
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


def test_when_it_looks_then_its_sandbox_hides_nothing_and_makes_up_nothing(served):
    """Root at its shell finds the same, but for the clock: a container hides the host's from services."""
    with store_at_a_socket(served), served.settings(restart=["mamia.service"], **SOCKET_STORE):
        by_hand = served.system.run("mamia", "check", check=False).stdout
        by_unit = run_check(served)

    found_by_hand = {line for line in FINDING.findall(by_hand) if not line.startswith("WARN  clock")}
    assert found_by_hand
    assert set(FINDING.findall(by_unit)) == found_by_hand
