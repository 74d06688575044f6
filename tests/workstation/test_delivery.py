"""From the outbox to the target: the newest password wins, whatever dies, stalls or lies."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from directory_server import PASSWORD
from patience import AT_ONCE_SECONDS
from workstation_double import LEASE, Domain, Hours

from gateway.account.errors import DirectoryUnavailable
from gateway.protection.seal import Unsealer, make_key_pair, read_private_key
from gateway.workstation.model import Reason, Refused, Unavailable
from gateway.workstation.state import Step, read_state

FIRST, SECOND, THIRD = "Premier-2025", "Deuxieme-2026", "Troisieme-2027"


def states(directory, login="fdurand4"):
    return [read_state(value) for value in directory.read(login).get("mamiaSyncState", [])]


def only_state(directory):
    [state] = states(directory)
    return state


def has_secret(directory, login="fdurand4"):
    return "mamiaPendingSecret" in directory.read(login)


def test_change_when_the_person_has_a_workstation_then_one_modify_queues_it_and_the_worker_delivers(
    directory, office, durand, domain
):
    changed = office.change(durand, PASSWORD, FIRST)
    assert changed.propagation.targets == ("domain",)
    assert only_state(directory).step is Step.PENDING
    assert FIRST not in str(directory.read(durand))

    office.worker(domain).round()

    assert domain.passwords == {durand: FIRST}
    assert only_state(directory).step is Step.DONE
    assert not has_secret(directory)
    assert "mamiaSyncLease" not in directory.read(durand)


def test_change_when_the_person_has_no_workstation_then_nothing_is_sealed(directory, office):
    directory.add_person("teacher", departmentNumber="0751234A")

    changed = office.change("teacher", PASSWORD, FIRST)

    assert changed.propagation is None
    assert not has_secret(directory, "teacher")
    assert states(directory, "teacher") == []


def test_change_when_the_person_has_no_workstation_any_more_then_nothing_is_left_of_what_waited(
    directory, office, durand
):
    office.change(durand, PASSWORD, FIRST)
    directory.set(durand, "departmentNumber", "0751234A")

    office.change(durand, FIRST, SECOND)

    assert not has_secret(directory)
    assert states(directory) == []


def test_outbox_when_the_time_of_a_change_is_written_in_an_odd_form_then_it_is_not_known(directory, office, durand):
    office.change(durand, PASSWORD, FIRST)
    directory.set(durand, "pwdChangedTime", "202601010800Z")

    assert [item.changed_at for item in office.outbox.known()] == [None]


def test_change_when_the_directory_refuses_it_then_nothing_is_queued(directory, office, durand):
    office.change(durand, PASSWORD, PASSWORD)

    assert not has_secret(directory)


def test_delivery_when_the_target_is_down_at_first_then_it_is_tried_again_after_a_pause(
    directory, office, durand, domain
):
    office.change(durand, PASSWORD, FIRST)
    domain.answers = [Unavailable("connection refused")] * 2
    worker = office.worker(domain)

    worker.round()
    first = only_state(directory)
    worker.round()
    assert only_state(directory) == first

    later = office.worker(domain, hours=Hours(timedelta(minutes=20)))
    later.round()
    office.worker(domain, hours=Hours(timedelta(minutes=60))).round()

    assert (first.attempts, first.reason) == (1, "connection refused")
    assert domain.passwords == {durand: FIRST}


def test_delivery_when_an_operator_must_mend_something_then_the_state_says_what_and_waits_longer(
    directory, office, durand, domain
):
    office.change(durand, PASSWORD, FIRST)
    domain.answers = [Unavailable("bind refused", "check the password")]

    office.worker(domain).round()

    state = only_state(directory)
    assert state.slow
    assert state.reason == "bind refused: check the password"
    office.worker(domain, hours=Hours(timedelta(minutes=4))).round()
    assert domain.passwords == {}
    office.worker(domain, hours=Hours(timedelta(minutes=6))).round()
    assert domain.passwords == {durand: FIRST}


@pytest.mark.parametrize("reason", [Reason.IN_HISTORY, Reason.NO_ACCOUNT])
def test_delivery_when_the_target_refuses_for_good_then_the_secret_is_erased(
    directory, office, durand, domain, reason
):
    office.change(durand, PASSWORD, FIRST)
    domain.answers = [Refused(reason, "0000052D")]

    office.worker(domain).round()

    assert (only_state(directory).step, only_state(directory).reason) == (Step.REJECTED, reason)
    assert not has_secret(directory)


@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\t", "\x1b", "\x7f", "\x85"])
def test_delivery_when_the_password_holds_a_control_character_then_no_target_is_given_it(
    directory, office, durand, domain, character
):
    office.change(durand, PASSWORD, f"{FIRST}{character}x")

    office.worker(domain).round()

    assert domain.writes == []
    assert (only_state(directory).step, only_state(directory).reason) == (Step.REJECTED, Reason.CONTROL_CHARACTER)
    assert not has_secret(directory)


def test_delivery_when_two_targets_differ_then_each_has_its_state_and_the_secret_stays_for_the_second(
    directory, open_office, durand
):
    office = open_office("windows", "kerberos")
    windows, kerberos = Domain("windows"), Domain("kerberos", answers=[Unavailable("down")])
    office.change(durand, PASSWORD, FIRST)

    office.worker(windows, kerberos).round()

    assert {state.target: state.step for state in states(directory)} == {"windows": "done", "kerberos": "pending"}
    assert has_secret(directory)
    office.worker(windows, kerberos, hours=Hours(timedelta(minutes=1))).round()
    assert kerberos.passwords == {durand: FIRST}
    assert windows.writes == [FIRST]
    assert not has_secret(directory)


def test_delivery_when_many_targets_answer_at_once_then_all_are_recorded_and_the_secret_is_erased(
    directory, open_office, durand
):
    names = [f"domain{number}" for number in range(6)]
    office, together = open_office(*names), threading.Barrier(len(names))
    domains = [Domain(name, before=lambda password: together.wait(AT_ONCE_SECONDS)) for name in names]
    office.change(durand, PASSWORD, FIRST)

    office.worker(*domains).round()

    assert [domain.passwords for domain in domains] == [{durand: FIRST}] * len(names)
    assert {state.step for state in states(directory)} == {Step.DONE}
    assert not has_secret(directory)
    assert "mamiaSyncLease" not in directory.read(durand)


def test_delivery_when_another_targets_write_may_arrive_late_then_this_one_is_done_at_once(
    directory, open_office, durand
):
    office = open_office("windows", "kerberos")
    kerberos = Domain("kerberos", answers=[Unavailable("no answer in time", may_be_set=True)])
    office.change(durand, PASSWORD, FIRST)
    worker = office.worker(Domain("windows"), kerberos)
    worker.round()

    office.change(durand, FIRST, SECOND)
    worker.round()

    steps = {state.target: state.step for state in states(directory)}
    assert steps == {"windows": Step.DONE, "kerberos": Step.SETTLING}


@pytest.mark.parametrize("lease", ["host;12;aabbcc;00112233", "odd = | value", "domain=host;12;aabbcc;0011|"])
def test_delivery_when_a_lease_is_an_older_workers_then_it_is_taken_over_after_its_time(
    directory, office, durand, domain, lease
):
    office.change(durand, PASSWORD, FIRST)
    directory.set(durand, "mamiaSyncLease", lease)
    worker = office.worker(domain)

    assert worker.round() == 0
    office.seconds.let_pass(LEASE)
    worker.round()

    assert domain.writes == [FIRST]
    assert only_state(directory).step is Step.SETTLING


def test_delivery_when_a_state_is_in_a_form_that_nobody_writes_then_others_are_delivered_and_it_is_left(
    directory, office, durand, domain
):
    office.change(durand, PASSWORD, FIRST)
    odd = str(only_state(directory)).replace(";0;", ";00;")
    directory.set(durand, "mamiaSyncState", odd)
    directory.add_person("other", departmentNumber="rectorat")
    office.change("other", PASSWORD, SECOND)

    office.worker(domain).round()

    assert domain.passwords == {"other": SECOND}
    assert directory.read(durand)["mamiaSyncState"] == [odd]


def test_delivery_when_the_newer_password_came_during_the_write_then_its_own_time_is_kept(
    directory, office, durand, domain
):
    office.change(durand, PASSWORD, FIRST)
    domain.before = lambda password: office.change(durand, FIRST, SECOND) if password == FIRST else None

    office.worker(domain).round()

    [changed_at] = directory.read(durand)["pwdChangedTime"]
    assert f"{only_state(directory).since:%Y%m%d%H%M%SZ}" == changed_at


def test_delivery_when_an_operator_forgets_it_during_the_write_then_no_lease_is_left(
    directory, office, durand, domain
):
    office.change(durand, PASSWORD, FIRST)

    def forget(password):
        [item] = office.outbox.known()
        assert office.outbox.forget(item, datetime.now(UTC))

    domain.before = forget
    office.worker(domain).round()

    assert only_state(directory).step is Step.EXPIRED
    assert "mamiaSyncLease" not in directory.read(durand)


def test_delivery_when_a_newer_password_waits_then_the_older_one_is_never_sent(directory, office, durand, domain):
    office.change(durand, PASSWORD, FIRST)
    office.change(durand, FIRST, SECOND)

    office.worker(domain).round()

    assert domain.writes == [SECOND]


def test_delivery_when_a_newer_password_comes_during_a_slow_write_then_it_is_sent_after_it(
    directory, office, durand, domain
):
    office.change(durand, PASSWORD, FIRST)
    domain.before = lambda password: office.change(durand, FIRST, SECOND) if password == FIRST else None
    worker = office.worker(domain)

    worker.round()

    assert domain.writes == [FIRST, SECOND]
    assert only_state(directory).step is Step.DONE
    assert not has_secret(directory)


def test_delivery_when_two_workers_look_at_once_then_one_alone_writes(office, durand, domain):
    office.change(durand, PASSWORD, FIRST)
    other = Domain()
    second = office.worker(other, name="second")
    domain.before = lambda password: second.round()

    office.worker(domain).round()

    assert domain.writes == [FIRST]
    assert other.writes == []


def let_die(worker, monkeypatch) -> None:
    """A round that ends in the middle of a write, as kill -9 ends it: nothing is recorded, nothing released."""

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(type(worker.outbox), "release", lambda *_, **__: None)
        for target in worker.targets.values():
            patch.setattr(target, "set_password", kill)
        with pytest.raises(Killed):
            worker.round()


def test_delivery_when_a_worker_dies_after_its_claim_then_another_takes_over_and_confirms_later(
    directory, office, durand, domain, monkeypatch
):
    office.change(durand, PASSWORD, FIRST)
    let_die(office.worker(Domain()), monkeypatch)
    second = office.worker(domain)

    assert second.round() == 0
    office.seconds.let_pass(LEASE)
    second.round()
    assert domain.writes == [FIRST]
    assert only_state(directory).step is Step.SETTLING
    second.round()
    office.seconds.let_pass(LEASE)
    second.round()

    assert domain.writes == [FIRST, FIRST]
    assert only_state(directory).step is Step.DONE
    assert not has_secret(directory)
    assert "mamiaSyncLease" not in directory.read(durand)


def test_delivery_when_the_first_writer_wakes_up_late_then_the_newest_password_is_set_again(
    directory, office, durand, domain
):
    """Worker A stalls in the middle of its write; B delivers a newer password; A's write arrives after it."""
    office.change(durand, PASSWORD, FIRST)

    def stall(password):
        domain.before = lambda password: None
        office.change(durand, FIRST, SECOND)
        second.round()
        office.seconds.let_pass(LEASE)
        second.round()
        assert domain.writes == [SECOND]

    second = office.worker(domain, name="second")
    domain.before = stall
    office.worker(domain, name="first").round()
    assert domain.writes == [SECOND, FIRST]
    assert domain.passwords == {durand: FIRST}

    for _ in range(6):
        office.seconds.let_pass(LEASE / 2)
        second.round()

    assert domain.passwords == {durand: SECOND}
    assert only_state(directory).step is Step.DONE
    assert not has_secret(directory)


def test_delivery_when_a_third_password_comes_while_a_late_writer_may_be_about_then_it_settles_too(
    directory, office, durand, domain
):
    office.change(durand, PASSWORD, FIRST)
    late: list[str] = []

    def stall(password):
        domain.before = lambda password: None
        second.round()
        office.seconds.let_pass(LEASE)
        second.round()
        office.change(durand, FIRST, THIRD)
        second.round()
        late.append(password)

    second = office.worker(domain, name="second")
    domain.before = stall
    office.worker(domain, name="first").round()
    assert domain.passwords == {durand: FIRST}, "the late write came last"

    for _ in range(6):
        office.seconds.let_pass(LEASE / 2)
        second.round()

    assert domain.passwords == {durand: THIRD}
    assert only_state(directory).step is Step.DONE


def test_delivery_when_the_target_was_too_slow_to_answer_then_its_late_write_does_not_last(
    directory, office, durand, domain
):
    office.change(durand, PASSWORD, FIRST)
    domain.answers = [Unavailable("no answer in time", may_be_set=True)]
    worker = office.worker(domain)
    worker.round()
    office.change(durand, FIRST, SECOND)
    worker.round()
    assert only_state(directory).step is Step.SETTLING

    domain.passwords[durand] = FIRST
    for _ in range(6):
        office.seconds.let_pass(LEASE / 2)
        worker.round()

    assert domain.passwords == {durand: SECOND}
    assert only_state(directory).step is Step.DONE


@pytest.mark.parametrize("ahead", [timedelta(hours=-1), timedelta(hours=1)])
def test_delivery_when_one_workers_clock_is_wrong_by_an_hour_then_leases_hold_all_the_same(
    office, durand, domain, ahead
):
    office.change(durand, PASSWORD, FIRST)
    astray = Domain()
    wrong = office.worker(astray, name="wrong", hours=Hours(ahead))
    domain.before = lambda password: wrong.round()

    office.worker(domain).round()

    assert (domain.writes, astray.writes) == ([FIRST], [])


def test_delivery_when_a_sealed_value_is_copied_to_another_entry_then_it_is_refused(
    directory, office, durand, domain, caplog
):
    directory.add_person("thief", departmentNumber="rectorat")
    office.change(durand, PASSWORD, FIRST)
    with directory.as_admin() as line:
        [(_, entry)] = line.search_s(directory.dn(durand), 0, attrlist=["mamiaPendingSecret", "mamiaSyncState"])
        line.modify_s(directory.dn("thief"), [(0, name, values) for name, values in entry.items()])

    office.worker(domain).round()

    assert domain.passwords == {durand: FIRST}
    [state] = states(directory, "thief")
    assert (state.step, state.reason) == (Step.REJECTED, Reason.NOT_FOR_THIS_ENTRY)
    assert "belongs to another entry" in caplog.text


def test_delivery_when_no_private_key_fits_then_it_waits_for_the_operator_and_then_goes_through(
    directory, office, durand, domain, tmp_path
):
    office.change(durand, PASSWORD, FIRST)
    make_key_pair(tmp_path / "other.key", tmp_path / "other.pub")
    other = read_private_key(tmp_path / "other.key")

    office.worker(domain, unseal=Unsealer([other])).round()
    assert only_state(directory).slow
    assert has_secret(directory)

    rotated = Unsealer([other, read_private_key(office.keys[0])])
    office.worker(domain, unseal=rotated, hours=Hours(timedelta(minutes=10))).round()
    assert domain.passwords == {durand: FIRST}


def test_delivery_when_slapd_restarts_in_the_middle_then_nothing_is_lost(directory, office, durand, domain):
    office.change(durand, PASSWORD, FIRST)
    domain.before = lambda password: directory.slapd.stop()
    worker = office.worker(domain)
    with pytest.raises(DirectoryUnavailable):
        worker.round()
    domain.before = lambda password: None
    directory.slapd.start()

    for _ in range(8):
        worker.round()
        office.seconds.let_pass(LEASE / 2)

    assert domain.passwords == {durand: FIRST}
    assert only_state(directory).step is Step.DONE
    assert not has_secret(directory)


def test_delivery_when_a_target_breaks_its_promise_and_raises_then_the_worker_goes_on(
    directory, office, durand, domain, caplog
):
    directory.add_person("other", departmentNumber="rectorat")
    office.change(durand, PASSWORD, FIRST)
    office.change("other", PASSWORD, SECOND)

    def fail(password):
        if password == FIRST:
            raise RuntimeError(password)

    domain.before = fail
    office.worker(domain).round()

    assert domain.passwords == {"other": SECOND}
    assert only_state(directory).reason.startswith("unexpected RuntimeError")
    assert FIRST not in caplog.text
