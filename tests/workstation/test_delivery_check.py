"""Whoever holds the gateway's account can write the outbox; the worker delivers only what opens the entry."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import ldap
import pytest
from directory_server import PASSWORD, PAST, POLICIES, SUFFIX
from patience import wait_until
from workstation_double import LEASE, Domain, Hours

from gateway.account.model import Secret
from gateway.protection.seal import Sealer, read_public_key
from gateway.workstation.model import Reason, Unavailable
from gateway.workstation.state import Step, pending, read_state

EVIL, FIRST, SECOND = "Pirate-2026!", "Premier-2025", "Deuxieme-2026"
DATABASE = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"


@pytest.fixture
def forge(directory, tmp_path):
    """Writes what a password would be waiting as, with the gateway's account: `forge("login", "password")`."""
    sealer = Sealer(read_public_key(tmp_path / "worker.pub"))

    def writer(login, password, change="f0f0f0f0f0f0", changes=()):
        [identity] = directory.read(login)["entryUUID"]
        sealed = sealer.seal(Secret(password), identity=identity, change=change)
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
    return (state.step, state.reason) == (Step.REJECTED, reason) and "mamiaPendingSecret" not in directory.read(login)


def failures_of(directory, login="fdurand4"):
    return len(directory.read(login).get("pwdFailureTime", []))


def test_delivery_when_somebody_without_a_workstation_is_forged_then_nothing_reaches_the_target(
    directory, office, domain, forge
):
    directory.add_person("teacher", departmentNumber="0751234A")
    recorded = []
    forge("teacher", PASSWORD)

    office.worker(
        domain, audit=lambda *line, **facts: recorded.append((*line, facts["login"], facts["reason"]))
    ).round()

    assert domain.writes == []
    assert is_rejected(directory, "teacher", Reason.NO_WORKSTATION)
    assert recorded == [("workstation", Step.REJECTED, "teacher", Reason.NO_WORKSTATION)]


def test_delivery_when_an_entry_that_is_no_person_is_forged_then_nothing_reaches_the_target(
    directory, open_office, domain, durand, forge
):
    office = open_office(filter="(&(objectClass=mamiaPerson)(!(uid=fdurand4)))")
    forge(durand, PASSWORD)

    office.worker(domain).round()

    assert domain.writes == []
    assert is_rejected(directory, durand, Reason.NO_WORKSTATION)


def test_delivery_when_another_password_is_forged_then_it_is_tried_once_and_never_set(
    directory, office, domain, durand, forge
):
    forge(durand, EVIL)
    worker = office.worker(domain, hours=Hours(timedelta(hours=1)))

    for _ in range(4):
        worker.round()
        office.seconds.let_pass(LEASE)

    assert domain.writes == []
    assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)
    assert failures_of(directory) == 1


@pytest.mark.parametrize("password", [PASSWORD, EVIL])
def test_delivery_when_a_protected_person_is_forged_then_nothing_reaches_the_target(
    directory, open_office, domain, durand, forge, password
):
    office = open_office(protected_filter="(uid=fdurand4)")
    forge(durand, password)

    office.worker(domain).round()

    assert domain.writes == []
    assert is_rejected(directory, durand, Reason.PROTECTED)
    assert failures_of(directory) == 0


def test_delivery_when_somebody_becomes_protected_while_the_password_waits_then_it_is_not_set(
    directory, open_office, domain, durand
):
    group = f"cn=protected,ou=groups,{SUFFIX}"
    office = open_office(protected_groups=[group])
    office.change(durand, PASSWORD, FIRST)
    with directory.as_admin() as line:
        line.modify_s(group, [(ldap.MOD_ADD, "member", [directory.dn(durand).encode()])])

    office.worker(domain).round()
    with directory.as_admin() as line:
        line.modify_s(group, [(ldap.MOD_DELETE, "member", [directory.dn(durand).encode()])])

    assert domain.writes == []
    assert is_rejected(directory, durand, Reason.PROTECTED)


def test_delivery_when_a_protected_group_is_missing_then_everything_waits_for_the_operator(
    directory, open_office, domain, durand
):
    office = open_office(protected_groups=[f"cn=gone,ou=groups,{SUFFIX}"])
    passwords_of_others = open_office()
    passwords_of_others.change(durand, PASSWORD, FIRST)

    office.worker(domain).round()

    assert domain.writes == []
    assert state_of(directory).slow
    assert "cn=gone" in state_of(directory).reason


def test_delivery_when_an_old_sealed_password_is_put_back_then_it_is_not_set_again(directory, office, domain, durand):
    office.change(durand, PASSWORD, FIRST)
    old = directory.read_raw(durand)
    office.change(durand, FIRST, SECOND)
    office.worker(domain).round()
    with directory.as_service("gateway") as line:
        names = ("mamiaPendingSecret", "mamiaSyncState")
        line.modify_s(directory.dn(durand), [(ldap.MOD_REPLACE, name, old[name]) for name in names])

    office.worker(domain).round()

    assert domain.writes == [SECOND]
    assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)


def test_delivery_when_another_password_takes_the_place_of_one_that_was_proved_then_it_is_not_set(
    directory, office, domain, durand, forge
):
    office.change(durand, PASSWORD, FIRST)
    domain.answers = [Unavailable("connection refused")]
    office.worker(domain).round()
    forge(durand, EVIL, change=state_of(directory).change)

    office.worker(domain).round()

    assert domain.writes == []
    assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)


def test_delivery_when_the_directory_took_another_password_meanwhile_then_the_older_one_is_not_set(
    directory, office, domain, durand
):
    office.change(durand, PASSWORD, FIRST)
    domain.answers = [Unavailable("connection refused")]
    office.worker(domain).round()
    # pwdChangedTime counts seconds.
    changed = int(time.time())
    wait_until(lambda: int(time.time()) > changed)
    with directory.as_person(durand, FIRST) as line:
        line.modify_s(directory.dn(durand), [(ldap.MOD_REPLACE, "userPassword", [SECOND.encode()])])

    office.worker(domain, hours=Hours(timedelta(minutes=10))).round()

    assert domain.writes == []
    assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)


def test_delivery_when_the_account_is_locked_then_it_waits_without_a_bind_and_is_set_after_the_lock(
    directory, office, domain, durand
):
    office.worker(domain).round()
    office.change(durand, PASSWORD, FIRST)
    directory.lock(durand)
    binds = binds_of(directory)

    for minutes in (0, 1, 2, 5):
        office.worker(domain, hours=Hours(timedelta(minutes=minutes))).round()
    assert domain.writes == []
    assert binds_of(directory) == binds
    assert (state_of(directory).step, state_of(directory).slow) == (Step.PENDING, False)
    assert "locked" in state_of(directory).reason

    directory.set(durand, "pwdAccountLockedTime", "20260101080000Z")
    office.worker(domain, hours=Hours(timedelta(minutes=20))).round()
    assert domain.writes == [FIRST]


def binds_of(directory):
    """Binds of this server so far, without the one that asks."""
    with directory.as_admin() as line:
        [(_, found)] = line.search_s("cn=Bind,cn=Operations,cn=Monitor", 0, attrlist=["monitorOpCompleted"])
    asked = getattr(directory, "times_asked", 0)
    directory.times_asked = asked + 1
    return int(found["monitorOpCompleted"][0]) - asked


def test_delivery_when_the_account_is_closed_then_nothing_is_set(directory, office, domain, durand):
    office.change(durand, PASSWORD, FIRST)
    directory.set(durand, "pwdAccountLockedTime", "000001010000Z")

    office.worker(domain).round()

    assert domain.writes == []
    assert is_rejected(directory, durand, Reason.NOT_IN_FORCE)


def test_delivery_when_the_right_password_has_expired_then_it_is_set(directory, office, domain, durand):
    office.change(durand, PASSWORD, FIRST)
    directory.set(durand, "pwdPolicySubentry", f"cn=yearly,{POLICIES}")
    directory.set(durand, "pwdChangedTime", PAST)

    office.worker(domain).round()

    assert domain.writes == [FIRST]
    assert failures_of(directory) == 0


def test_delivery_when_the_right_password_must_be_changed_then_it_is_set(directory, office, domain, durand):
    office.change(durand, PASSWORD, FIRST)
    directory.set(durand, "pwdReset", "TRUE")

    office.worker(domain).round()

    assert domain.writes == [FIRST]


def test_delivery_when_it_is_tried_again_then_the_password_is_not_proved_again(directory, office, domain, durand):
    office.change(durand, PASSWORD, FIRST)
    domain.answers = [Unavailable("connection refused")] * 2
    office.worker(domain).round()
    binds = binds_of(directory)

    for minutes in (10, 30):
        office.worker(domain, hours=Hours(timedelta(minutes=minutes))).round()

    assert domain.writes == [FIRST]
    assert binds_of(directory) == binds


@contextmanager
def without_right_to_search(directory, attribute):
    rule = f'to attrs={attribute} by dn.exact="cn=sync,ou=services,{SUFFIX}" none by * break'
    directory.load(f"{DATABASE}add: olcAccess\nolcAccess: {{0}}{rule}\n", as_config=True)
    try:
        yield
    finally:
        directory.load(f"{DATABASE}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)


def test_delivery_when_the_worker_can_not_decide_who_has_a_workstation_then_it_waits_for_the_operator(
    directory, office, domain, durand
):
    office.change(durand, PASSWORD, FIRST)
    with without_right_to_search(directory, "departmentNumber"):
        office.worker(domain).round()
    assert domain.writes == []
    assert state_of(directory).slow
    assert "departmentNumber" in state_of(directory).reason

    office.worker(domain, hours=Hours(timedelta(minutes=6))).round()
    assert domain.writes == [FIRST]


class SlowCheck:
    """A directory that takes as long as the lease to answer."""

    def __init__(self, office):
        self.office = office

    def check(self, item, change, password):
        self.office.seconds.let_pass(LEASE)


def test_delivery_when_the_proof_took_too_long_then_no_write_is_begun_under_that_lease(
    directory, office, domain, durand
):
    office.change(durand, PASSWORD, FIRST)
    prompt, office.delivery = office.delivery, SlowCheck(office)
    office.worker(domain).round()
    assert domain.writes == []

    office.delivery = prompt
    # The lease's minute has passed, and one more than the pause.
    office.worker(domain, hours=Hours(timedelta(minutes=2))).round()
    assert domain.writes == [FIRST]


def test_delivery_when_another_target_is_asked_then_the_same_rules_hold(directory, open_office, durand, forge):
    office = open_office("windows", "domain")
    windows, domain = Domain("windows"), Domain("domain")
    forge(durand, EVIL)

    office.worker(windows, domain).round()

    assert windows.writes == domain.writes == []


def test_delivery_when_a_wrong_password_is_forged_for_many_targets_then_it_is_tried_once_for_all(
    directory, open_office, durand, forge
):
    names = [f"domain{number}" for number in range(6)]
    office, domains = open_office(*names), [Domain(name) for name in names]
    forge(durand, EVIL)
    value = str(state_of(directory))
    directory.set(durand, "mamiaSyncState", [value.replace("domain;", f"{name};") for name in names])

    office.worker(*domains).round()

    assert [domain.writes for domain in domains] == [[]] * len(names)
    assert failures_of(directory) == 1
    assert "mamiaPendingSecret" not in directory.read(durand)
