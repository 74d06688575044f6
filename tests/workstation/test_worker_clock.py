"""A worker whose clock is wrong: nothing is erased, nothing is frozen, no target is stormed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.account.model import Secret
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from gateway.workstation.model import Unavailable
from gateway.workstation.state import DeliveryStatus, read_state
from tests.support.authenticated import account_of
from tests.support.fake_target import FakeClock
from tests.support.polling import wait_until
from tests.support.settings_file import write_settings_file
from tests.support.shifted_clock import shifted_clock
from tests.support.slapd_server import PASSWORD, SUFFIX
from tests.support.worker_process import WorkerProcess
from tests.support.workstation_settings import worker_section

FIRST = "Premier-2025"
DATABASE = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"
ROUNDS = 20


def state_of(directory):
    [value] = directory.read("fdurand4")["mamiaSyncState"]
    return read_state(value)


def write_settings_with_an_absent_domain(folder, directory):
    more = f"""
{worker_section(folder, directory)}
poll_seconds = 0.1
[workstation.targets.windows]
type = "active_directory"
servers = ["ldaps://localhost:1"]
bind_dn = "svc@ad.example.test"
bind_password_file = "{folder}/sync"
base = "CN=Users,DC=ad,DC=example,DC=test"
"""
    return write_settings_file(folder, directory, more=more)


def make_older(directory, hours):
    """As if the password had been changed so long ago, by the directory's clock and by ours."""
    state, changed_at = state_of(directory), datetime.now(UTC) - timedelta(hours=hours)
    value = str(state).replace(f"{state.since:%Y%m%dT%H%M%SZ}", f"{changed_at:%Y%m%dT%H%M%SZ}")
    directory.set("fdurand4", "mamiaSyncState", value)
    directory.set("fdurand4", "pwdChangedTime", f"{changed_at:%Y%m%d%H%M%SZ}")


@pytest.fixture
def blind_to_times(directory):
    """A directory whose rules are those of an older `ldif/`."""
    rule = f'to attrs=modifyTimestamp by dn.exact="cn=sync,ou=services,{SUFFIX}" none by * break'
    directory.load(f"{DATABASE}add: olcAccess\nolcAccess: {{0}}{rule}\n", as_config=True)
    yield
    directory.load(f"{DATABASE}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)


class TestDelivery:
    @pytest.mark.parametrize("ahead", [timedelta(days=4), timedelta(days=365), timedelta(days=-4)])
    def test_when_the_workers_clock_is_wrong_and_an_attempt_fails_then_nothing_is_erased(
        self, directory, harness, durand, domain, ahead
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("connection refused")]

        harness.worker(domain, hours=FakeClock(ahead)).run_once()

        assert state_of(directory).status is DeliveryStatus.PENDING
        assert "mamiaPendingSecret" in directory.read(durand)
        assert abs(state_of(directory).at - datetime.now(UTC)) < timedelta(minutes=5)

    def test_when_a_real_workers_clock_is_four_days_ahead_then_nothing_is_erased(self, directory, tmp_path):
        config = write_settings_with_an_absent_domain(tmp_path, directory)
        directory.add_person("fdurand4", departmentNumber="rectorat")
        gateway = build_gateway(load(config))
        passwords = gateway.directory.passwords
        passwords.set_password(account_of(passwords, "fdurand4", PASSWORD), Secret(FIRST))
        gateway.close()
        worker = WorkerProcess(config, tmp_path / "worker.log")

        with shifted_clock("+4d"):
            worker.start()
        try:
            wait_until(lambda: state_of(directory).attempts >= 2)
        finally:
            worker.stop()

        assert state_of(directory).status is DeliveryStatus.PENDING
        assert "mamiaPendingSecret" in directory.read("fdurand4")
        assert "clock and the directory's differ by" in worker.log.read_text()

    def test_when_both_clocks_say_that_it_failed_for_three_days_then_it_is_given_up(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        make_older(directory, hours=73)
        domain.answers = [Unavailable("connection refused")]

        harness.worker(domain).run_once()

        assert state_of(directory).status is DeliveryStatus.EXPIRED
        assert "mamiaPendingSecret" not in directory.read(durand)

    def test_when_only_the_workers_clock_says_that_it_is_not_too_old_then_it_is_kept(
        self, directory, harness, durand, domain
    ):
        """The directory's clock may have been put forward after the change."""
        harness.change(durand, PASSWORD, FIRST)
        make_older(directory, hours=73)
        domain.answers = [Unavailable("connection refused")]

        harness.worker(domain, hours=FakeClock(timedelta(hours=-72))).run_once()

        assert state_of(directory).status is DeliveryStatus.PENDING

    def test_when_the_web_services_clock_was_days_behind_then_nothing_is_erased(
        self, directory, open_harness, durand, domain
    ):
        harness = open_harness(hours=FakeClock(timedelta(days=-4)))
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("connection refused")]

        harness.worker(domain).run_once()

        assert state_of(directory).status is DeliveryStatus.PENDING

    @pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(days=365)])
    def test_when_the_last_attempt_is_in_the_future_then_it_is_due_now(
        self, directory, harness, durand, domain, ahead
    ):
        harness.change(durand, PASSWORD, FIRST)
        failed = state_of(directory).to(
            DeliveryStatus.PENDING, at=datetime.now(UTC) + ahead, reason="connection refused"
        )
        directory.set(durand, "mamiaSyncState", str(failed))

        harness.worker(domain).run_once()

        assert domain.passwords == {durand: FIRST}

    def test_when_two_workers_clocks_are_a_year_apart_then_each_keeps_the_pauses(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("bind refused", "check the password")] * ROUNDS
        ahead = harness.worker(domain, name="ahead", hours=FakeClock(timedelta(days=365)))
        right = harness.worker(domain, name="right")

        for _ in range(ROUNDS):
            ahead.run_once()
            right.run_once()

        # One attempt, and one more of the worker that had not yet asked the directory.
        assert state_of(directory).attempts <= 2

    @pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
    def test_when_the_account_is_locked_and_the_workers_clock_is_wrong_then_it_waits_without_a_bind(
        self, directory, open_harness, durand, domain, ahead
    ):
        harness = open_harness(hours=FakeClock(ahead))
        harness.change(durand, PASSWORD, FIRST)
        directory.lock(durand)
        failures = directory.read(durand)["pwdFailureTime"]

        harness.worker(domain, hours=FakeClock(ahead)).run_once()

        assert state_of(directory).status is DeliveryStatus.PENDING
        assert "locked" in state_of(directory).reason
        assert directory.read(durand)["pwdFailureTime"] == failures

    def test_when_the_directory_tells_no_time_then_nothing_is_erased_by_our_clock(
        self, directory, harness, durand, domain, blind_to_times
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("connection refused")]

        harness.worker(domain, hours=FakeClock(timedelta(days=4))).run_once()

        assert state_of(directory).status is DeliveryStatus.PENDING

    def test_when_the_directory_tells_no_time_and_the_account_is_locked_then_nothing_is_erased(
        self, directory, open_harness, durand, domain, blind_to_times
    ):
        hours = FakeClock(timedelta(hours=1))
        harness = open_harness(hours=hours)
        harness.change(durand, PASSWORD, FIRST)
        directory.lock(durand)

        harness.worker(domain, hours=hours).run_once()

        assert state_of(directory).status is DeliveryStatus.PENDING
        assert "modifyTimestamp" in state_of(directory).reason
