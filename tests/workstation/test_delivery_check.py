"""Whoever holds the gateway's account can write the outbox; the worker delivers only what opens the entry."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import ldap
import pytest

from gateway.account.model import Secret
from gateway.protection.seal import Sealer, read_public_key
from gateway.workstation.model import Reason, Unavailable
from gateway.workstation.state import DeliveryStatus, pending, read_state
from tests.support.fake_target import LEASE, FakeClock, FakeTarget
from tests.support.password_policies import own_policy
from tests.support.polling import wait_for_the_next_second
from tests.support.slapd_server import PASSWORD, PAST, POLICIES, SUFFIX

EVIL, FIRST, SECOND = "Pirate-2026!", "Premier-2025", "Deuxieme-2026"
DATABASE = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"


@pytest.fixture
def forge(directory, tmp_path):
    """Writes what a password would be waiting as, with the gateway's account: `forge("login", "password")`."""
    sealer = Sealer(read_public_key(tmp_path / "worker.pub"))

    def writer(login, password, change="f0f0f0f0f0f0", changes=()):
        [identity] = directory.read(login)["entryUUID"]
        sealed = sealer.seal(Secret(password), uuid=identity, change=change)
        state = str(pending("domain", change, datetime.now(UTC)))
        with directory.as_service("gateway") as line:
            line.modify_s(
                directory.dn(login),
                [
                    *changes,
                    (ldap.MOD_REPLACE, "mamiaPendingSecret", [sealed]),
                    (ldap.MOD_REPLACE, "mamiaSyncState", [state.encode()]),
                ],
            )

    return writer


def state_of(directory, login="fdurand4"):
    [value] = directory.read(login)["mamiaSyncState"]
    return read_state(value)


def is_rejected(directory, login, reason):
    state = state_of(directory, login)
    return (state.status, state.reason) == (
        DeliveryStatus.REJECTED,
        reason,
    ) and "mamiaPendingSecret" not in directory.read(login)


def failures_of(directory, login="fdurand4"):
    return len(directory.read(login).get("pwdFailureTime", []))


def binds_of(directory):
    """Binds of this server so far, without the one that asks."""
    with directory.as_admin() as line:
        [(_, found)] = line.search_s("cn=Bind,cn=Operations,cn=Monitor", 0, attrlist=["monitorOpCompleted"])
    asked = getattr(directory, "times_asked", 0)
    directory.times_asked = asked + 1
    return int(found["monitorOpCompleted"][0]) - asked


@contextmanager
def without_right_to_search(directory, attribute):
    rule = f'to attrs={attribute} by dn.exact="cn=sync,ou=services,{SUFFIX}" none by * break'
    directory.load(f"{DATABASE}add: olcAccess\nolcAccess: {{0}}{rule}\n", as_config=True)
    try:
        yield
    finally:
        directory.load(f"{DATABASE}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)


class SlowCheck:
    """A directory that takes as long as the lease to answer."""

    def __init__(self, harness):
        self.harness = harness

    def check(self, item, change, password):
        self.harness.seconds.let_pass(LEASE)


class TestDelivery:
    def test_when_somebody_without_a_workstation_is_forged_then_nothing_reaches_the_target(
        self, directory, harness, domain, forge
    ):
        directory.add_person("teacher", departmentNumber="0751234A")
        recorded = []
        forge("teacher", PASSWORD)

        harness.worker(
            domain, audit=lambda *line, **facts: recorded.append((*line, facts["login"], facts["reason"]))
        ).run_once()

        assert domain.writes == []
        assert is_rejected(directory, "teacher", Reason.NO_WORKSTATION)
        assert recorded == [("workstation", DeliveryStatus.REJECTED, "teacher", Reason.NO_WORKSTATION)]

    def test_when_an_entry_that_is_no_person_is_forged_then_nothing_reaches_the_target(
        self, directory, open_harness, domain, durand, forge
    ):
        harness = open_harness(filter="(&(objectClass=mamiaPerson)(!(uid=fdurand4)))")
        forge(durand, PASSWORD)

        harness.worker(domain).run_once()

        assert domain.writes == []
        assert is_rejected(directory, durand, Reason.NO_WORKSTATION)

    def test_when_another_password_is_forged_then_it_is_tried_once_and_never_set(
        self, directory, harness, domain, durand, forge
    ):
        forge(durand, EVIL)
        worker = harness.worker(domain, hours=FakeClock(timedelta(hours=1)))

        for _ in range(4):
            worker.run_once()
            harness.seconds.let_pass(LEASE)

        assert domain.writes == []
        assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)
        assert failures_of(directory) == 1

    @pytest.mark.parametrize("password", [PASSWORD, EVIL])
    def test_when_a_protected_person_is_forged_then_nothing_reaches_the_target(
        self, directory, open_harness, domain, durand, forge, password
    ):
        harness = open_harness(protected_filter="(uid=fdurand4)")
        forge(durand, password)

        harness.worker(domain).run_once()

        assert domain.writes == []
        assert is_rejected(directory, durand, Reason.PROTECTED)
        assert failures_of(directory) == 0

    def test_when_somebody_becomes_protected_while_the_password_waits_then_it_is_not_set(
        self, directory, open_harness, domain, durand
    ):
        group = f"cn=protected,ou=groups,{SUFFIX}"
        harness = open_harness(protected_groups=[group])
        harness.change(durand, PASSWORD, FIRST)
        with directory.as_admin() as line:
            line.modify_s(group, [(ldap.MOD_ADD, "member", [directory.dn(durand).encode()])])

        harness.worker(domain).run_once()
        with directory.as_admin() as line:
            line.modify_s(group, [(ldap.MOD_DELETE, "member", [directory.dn(durand).encode()])])

        assert domain.writes == []
        assert is_rejected(directory, durand, Reason.PROTECTED)

    def test_when_a_protected_group_is_missing_then_everything_waits_for_the_operator(
        self, directory, open_harness, domain, durand
    ):
        harness = open_harness(protected_groups=[f"cn=gone,ou=groups,{SUFFIX}"])
        passwords_of_others = open_harness()
        passwords_of_others.change(durand, PASSWORD, FIRST)

        harness.worker(domain).run_once()

        assert domain.writes == []
        assert state_of(directory).needs_operator
        assert "cn=gone" in state_of(directory).reason

    def test_when_an_old_sealed_password_is_put_back_then_it_is_not_set_again(
        self, directory, harness, domain, durand
    ):
        harness.change(durand, PASSWORD, FIRST)
        old = directory.read_raw(durand)
        harness.change(durand, FIRST, SECOND)
        harness.worker(domain).run_once()
        with directory.as_service("gateway") as line:
            names = ("mamiaPendingSecret", "mamiaSyncState")
            line.modify_s(directory.dn(durand), [(ldap.MOD_REPLACE, name, old[name]) for name in names])

        harness.worker(domain).run_once()

        assert domain.writes == [SECOND]
        assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)

    def test_when_another_password_takes_the_place_of_one_that_was_proved_then_it_is_not_set(
        self, directory, harness, domain, durand, forge
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("connection refused")]
        harness.worker(domain).run_once()
        forge(durand, EVIL, change=state_of(directory).change)

        harness.worker(domain).run_once()

        assert domain.writes == []
        assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)

    def test_when_the_directory_took_another_password_meanwhile_then_the_older_one_is_not_set(
        self, directory, harness, domain, durand
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("connection refused")]
        harness.worker(domain).run_once()
        wait_for_the_next_second()
        with directory.as_person(durand, FIRST) as line:
            line.modify_s(directory.dn(durand), [(ldap.MOD_REPLACE, "userPassword", [SECOND.encode()])])

        harness.worker(domain, hours=FakeClock(timedelta(minutes=10))).run_once()

        assert domain.writes == []
        assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)


class TestClosedAccount:
    def test_when_the_account_is_locked_then_it_waits_without_a_bind_and_is_set_after_the_lock(
        self, directory, harness, domain, durand
    ):
        harness.worker(domain).run_once()
        harness.change(durand, PASSWORD, FIRST)
        directory.lock(durand)
        binds = binds_of(directory)

        for minutes in (0, 1, 2, 5):
            harness.worker(domain, hours=FakeClock(timedelta(minutes=minutes))).run_once()
        assert domain.writes == []
        assert binds_of(directory) == binds
        assert (state_of(directory).status, state_of(directory).needs_operator) == (DeliveryStatus.PENDING, False)
        assert "locked" in state_of(directory).reason

        directory.set(durand, "pwdAccountLockedTime", "20260101080000Z")
        harness.worker(domain, hours=FakeClock(timedelta(minutes=20))).run_once()
        assert domain.writes == [FIRST]

    def test_when_the_persons_own_policy_locks_for_longer_then_it_waits_and_is_set_after_the_lock(
        self, directory, harness, domain, durand
    ):
        with own_policy(directory, "longer", pwdLockoutDuration="86400") as policy:
            directory.set(durand, "pwdPolicySubentry", policy)
            harness.change(durand, PASSWORD, FIRST)
            an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
            directory.set(durand, "pwdAccountLockedTime", f"{an_hour_ago:%Y%m%d%H%M%S}Z")
            assert not directory.binds(durand, FIRST)

            harness.worker(domain).run_once()
            assert (domain.writes, state_of(directory).status) == ([], DeliveryStatus.PENDING)
            assert "locked" in state_of(directory).reason

            directory.set(durand, "pwdAccountLockedTime", None)
            harness.worker(domain, hours=FakeClock(timedelta(minutes=20))).run_once()
            assert domain.writes == [FIRST]

    def test_when_slapd_locked_the_account_until_a_time_then_it_waits_and_is_set_after_it(
        self, directory, harness, domain, durand
    ):
        harness.change(durand, PASSWORD, FIRST)
        directory.set(durand, "pwdAccountTmpLockoutEnd", "20990101000000Z")
        assert not directory.binds(durand, FIRST)

        harness.worker(domain).run_once()
        assert (domain.writes, state_of(directory).status) == ([], DeliveryStatus.PENDING)

        directory.set(durand, "pwdAccountTmpLockoutEnd", "20200101000000Z")
        harness.worker(domain, hours=FakeClock(timedelta(minutes=20))).run_once()
        assert domain.writes == [FIRST]

    def test_when_another_password_is_forged_after_a_lock_that_is_over_then_it_is_refused_and_never_set(
        self, directory, harness, domain, durand, forge
    ):
        forge(durand, EVIL)
        directory.set(durand, "pwdAccountLockedTime", "20260101080000Z")

        for hours in range(1, 5):
            harness.worker(domain, hours=FakeClock(timedelta(hours=hours))).run_once()

        assert domain.writes == []
        assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)
        assert failures_of(directory) <= 2

    def test_when_the_account_is_closed_then_nothing_is_set(self, directory, harness, domain, durand):
        harness.change(durand, PASSWORD, FIRST)
        directory.set(durand, "pwdAccountLockedTime", "000001010000Z")

        harness.worker(domain).run_once()

        assert domain.writes == []
        assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)

    def test_when_the_right_password_has_expired_then_it_is_set(self, directory, harness, domain, durand):
        harness.change(durand, PASSWORD, FIRST)
        directory.set(durand, "pwdPolicySubentry", f"cn=yearly,{POLICIES}")
        directory.set(durand, "pwdChangedTime", PAST)

        harness.worker(domain).run_once()

        assert domain.writes == [FIRST]
        assert failures_of(directory) == 0

    def test_when_the_right_password_must_be_changed_then_it_is_set(self, directory, harness, domain, durand):
        harness.change(durand, PASSWORD, FIRST)
        directory.set(durand, "pwdReset", "TRUE")

        harness.worker(domain).run_once()

        assert domain.writes == [FIRST]

    def test_when_it_is_tried_again_then_the_password_is_not_proved_again(self, directory, harness, domain, durand):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("connection refused")] * 2
        harness.worker(domain).run_once()
        binds = binds_of(directory)

        for minutes in (10, 30):
            harness.worker(domain, hours=FakeClock(timedelta(minutes=minutes))).run_once()

        assert domain.writes == [FIRST]
        assert binds_of(directory) == binds

    def test_when_the_worker_can_not_decide_who_has_a_workstation_then_it_waits_for_the_operator(
        self, directory, harness, domain, durand
    ):
        harness.change(durand, PASSWORD, FIRST)
        with without_right_to_search(directory, "departmentNumber"):
            harness.worker(domain).run_once()
        assert domain.writes == []
        assert state_of(directory).needs_operator
        assert "departmentNumber" in state_of(directory).reason

        harness.worker(domain, hours=FakeClock(timedelta(minutes=6))).run_once()
        assert domain.writes == [FIRST]

    def test_when_the_proof_took_too_long_then_no_write_is_begun_under_that_lease(
        self, directory, harness, domain, durand
    ):
        harness.change(durand, PASSWORD, FIRST)
        prompt, harness.delivery = harness.delivery, SlowCheck(harness)
        harness.worker(domain).run_once()
        assert domain.writes == []

        harness.delivery = prompt
        # The lease's minute has passed, and one more than the pause.
        harness.worker(domain, hours=FakeClock(timedelta(minutes=2))).run_once()
        assert domain.writes == [FIRST]

    def test_when_another_target_is_asked_then_the_same_rules_hold(self, directory, open_harness, durand, forge):
        harness = open_harness("windows", "domain")
        windows, domain = FakeTarget("windows"), FakeTarget("domain")
        forge(durand, EVIL)

        harness.worker(windows, domain).run_once()

        assert windows.writes == domain.writes == []

    def test_when_a_wrong_password_is_forged_for_many_targets_then_it_is_tried_once_for_all(
        self, directory, open_harness, durand, forge
    ):
        names = [f"domain{number}" for number in range(6)]
        harness, domains = open_harness(*names), [FakeTarget(name) for name in names]
        forge(durand, EVIL)
        value = str(state_of(directory))
        directory.set(durand, "mamiaSyncState", [value.replace("domain;", f"{name};") for name in names])

        harness.worker(*domains).run_once()

        assert [domain.writes for domain in domains] == [[]] * len(names)
        assert failures_of(directory) == 1
        assert "mamiaPendingSecret" not in directory.read(durand)
