"""A real slapd whose clock is ahead of everybody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import ldap
import pytest

from gateway.directory.ppolicy import read_time
from gateway.workstation.model import Unavailable
from gateway.workstation.state import DeliveryStatus, read_state
from tests.support.shifted_clock import shifted_clock
from tests.support.slapd_server import PASSWORD, QUICK_HASH, SlapdServer

FIRST, SECOND = "Premier-2025", "Deuxieme-2026"
AHEAD = {"+1h": timedelta(hours=1), "+4d": timedelta(days=4)}


@pytest.fixture(scope="module", params=list(AHEAD))
def server_ahead(request, tmp_path_factory):
    with shifted_clock(request.param):
        academy = SlapdServer(tmp_path_factory.mktemp("ahead") / "state", hash_cost=QUICK_HASH)
    yield academy, AHEAD[request.param]
    academy.slapd.stop()


@pytest.fixture
def directory(server_ahead):
    academy, _ = server_ahead
    academy.remove_everybody()
    return academy


def entry_of(harness):
    [item] = harness.outbox.all_entries()
    return item


class TestDirectory:
    def test_when_its_clock_is_ahead_then_it_stamps_changes_so(self, directory, durand, harness, server_ahead):
        harness.change(durand, PASSWORD, FIRST)

        assert entry_of(harness).changed_at - datetime.now(UTC) > server_ahead[1] - timedelta(minutes=2)


class TestChange:
    def test_when_the_directorys_clock_is_ahead_then_it_does_not_count_as_made_past_the_gateway(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        while_pending = entry_of(harness).is_stale

        harness.worker(domain).run_once()

        assert domain.passwords == {durand: FIRST}
        assert not while_pending
        assert not entry_of(harness).is_stale

    def test_when_the_directorys_clock_is_ahead_and_it_was_made_past_the_gateway_then_it_counts(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        harness.worker(domain).run_once()
        sent_at = entry_of(harness).changed_at
        with directory.as_person(durand, FIRST) as line:
            line.modify_s(directory.dn(durand), [(ldap.MOD_REPLACE, "userPassword", [SECOND.encode()])])
        # Six minutes later, as the directory would say.
        directory.set(durand, "pwdChangedTime", f"{sent_at + timedelta(minutes=6):%Y%m%d%H%M%SZ}")

        assert entry_of(harness).is_stale


class TestDelivery:
    def test_when_the_directorys_clock_is_ahead_and_an_attempt_fails_then_nothing_is_erased(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("connection refused")]
        worker = harness.worker(domain)

        worker.run_once()

        [value] = directory.read(durand)["mamiaSyncState"]
        state = read_state(value)
        assert state
        assert state.status is DeliveryStatus.PENDING
        assert "mamiaPendingSecret" in directory.read(durand)

    def test_when_the_directorys_clock_is_ahead_then_a_lock_is_waited_for_and_ends(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        directory.lock(durand)
        failures = directory.read(durand)["pwdFailureTime"]
        harness.worker(domain).run_once()
        while_locked, failures_then = list(domain.writes), directory.read(durand)["pwdFailureTime"]

        [locked_at] = directory.read(durand)["pwdAccountLockedTime"]
        locked_since = read_time(locked_at)
        assert locked_since
        long_ago = locked_since - timedelta(minutes=20)
        directory.set(durand, "pwdAccountLockedTime", f"{long_ago:%Y%m%d%H%M%SZ}")
        [value] = directory.read(durand)["mamiaSyncState"]
        state = read_state(value)
        assert state
        directory.set(durand, "mamiaSyncState", str(state.afresh()))
        harness.worker(domain).run_once()

        assert (while_locked, failures_then) == ([], failures)
        assert domain.passwords == {durand: FIRST}
