"""From the outbox to the target: the newest password wins, whatever dies, stalls or lies."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from gateway.account.errors import DirectoryUnavailable
from gateway.protection.seal import Unsealer, make_key_pair, read_private_key
from gateway.workstation.model import Reason, Refused, Unavailable
from gateway.workstation.state import DeliveryStatus, read_state
from tests.support.fake_target import LEASE, FakeClock, FakeTarget
from tests.support.polling import AT_ONCE_SECONDS
from tests.support.slapd_server import PASSWORD

FIRST, SECOND, THIRD = "Premier-2025", "Deuxieme-2026", "Troisieme-2027"


def states(directory, login="fdurand4"):
    return [read_state(value) for value in directory.read(login).get("mamiaSyncState", [])]


def only_state(directory):
    [state] = states(directory)
    return state


def has_secret(directory, login="fdurand4"):
    return "mamiaPendingSecret" in directory.read(login)


class TestOutbox:
    def test_when_the_time_of_a_change_is_written_in_an_odd_form_then_it_is_not_known(
        self, directory, harness, durand
    ):
        harness.change(durand, PASSWORD, FIRST)
        directory.set(durand, "pwdChangedTime", "202601010800Z")

        assert [item.changed_at for item in harness.outbox.all_entries()] == [None]


class TestChange:
    def test_when_the_person_has_a_workstation_then_one_modify_queues_it_and_the_worker_delivers(
        self, directory, harness, durand, domain
    ):
        changed = harness.change(durand, PASSWORD, FIRST)
        assert changed.propagation.targets == ("domain",)
        assert only_state(directory).status is DeliveryStatus.PENDING
        assert FIRST not in str(directory.read(durand))

        harness.worker(domain).run_once()

        assert domain.passwords == {durand: FIRST}
        assert only_state(directory).status is DeliveryStatus.DONE
        assert not has_secret(directory)
        assert "mamiaSyncLease" not in directory.read(durand)

    def test_when_the_person_has_no_workstation_then_nothing_is_sealed(self, directory, harness):
        directory.add_person("teacher", departmentNumber="0751234A")

        changed = harness.change("teacher", PASSWORD, FIRST)

        assert changed.propagation is None
        assert not has_secret(directory, "teacher")
        assert states(directory, "teacher") == []

    def test_when_the_person_has_no_workstation_any_more_then_nothing_is_left_of_what_waited(
        self, directory, harness, durand
    ):
        harness.change(durand, PASSWORD, FIRST)
        directory.set(durand, "departmentNumber", "0751234A")

        harness.change(durand, FIRST, SECOND)

        assert not has_secret(directory)
        assert states(directory) == []

    def test_when_the_directory_refuses_it_then_nothing_is_queued(self, directory, harness, durand):
        harness.change(durand, PASSWORD, PASSWORD)

        assert not has_secret(directory)


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
            worker.run_once()


class TestDelivery:
    def test_when_the_target_is_down_at_first_then_it_is_tried_again_after_a_pause(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("connection refused")] * 2
        worker = harness.worker(domain)

        worker.run_once()
        first = only_state(directory)
        worker.run_once()
        assert only_state(directory) == first

        later = harness.worker(domain, hours=FakeClock(timedelta(minutes=20)))
        later.run_once()
        harness.worker(domain, hours=FakeClock(timedelta(minutes=60))).run_once()

        assert (first.attempts, first.reason) == (1, "connection refused")
        assert domain.passwords == {durand: FIRST}

    def test_when_an_operator_must_fix_something_then_the_state_says_what_and_waits_longer(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("bind refused", "check the password")]

        harness.worker(domain).run_once()

        state = only_state(directory)
        assert state.needs_operator
        assert state.reason == "bind refused: check the password"
        harness.worker(domain, hours=FakeClock(timedelta(minutes=4))).run_once()
        assert domain.passwords == {}
        harness.worker(domain, hours=FakeClock(timedelta(minutes=6))).run_once()
        assert domain.passwords == {durand: FIRST}

    @pytest.mark.parametrize("reason", [Reason.IN_HISTORY, Reason.NO_ACCOUNT])
    def test_when_the_target_refuses_for_good_then_the_secret_is_erased(
        self, directory, harness, durand, domain, reason
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Refused(reason, "0000052D")]

        harness.worker(domain).run_once()

        assert (only_state(directory).status, only_state(directory).reason) == (DeliveryStatus.REJECTED, reason)
        assert not has_secret(directory)

    @pytest.mark.parametrize("character", ["\n", "\r", "\0", "\t", "\x1b", "\x7f", "\x85"])
    def test_when_the_password_holds_a_control_character_then_no_target_is_given_it(
        self, directory, harness, durand, domain, character
    ):
        harness.change(durand, PASSWORD, f"{FIRST}{character}x")

        harness.worker(domain).run_once()

        assert domain.writes == []
        assert (only_state(directory).status, only_state(directory).reason) == (
            DeliveryStatus.REJECTED,
            Reason.CONTROL_CHARACTER,
        )
        assert not has_secret(directory)

    def test_when_two_targets_differ_then_each_has_its_state_and_the_secret_stays_for_the_second(
        self, directory, open_harness, durand
    ):
        harness = open_harness("windows", "kerberos")
        windows, kerberos = FakeTarget("windows"), FakeTarget("kerberos", answers=[Unavailable("down")])
        harness.change(durand, PASSWORD, FIRST)

        harness.worker(windows, kerberos).run_once()

        assert {state.target: state.status for state in states(directory)} == {
            "windows": "done",
            "kerberos": "pending",
        }
        assert has_secret(directory)
        harness.worker(windows, kerberos, hours=FakeClock(timedelta(minutes=1))).run_once()
        assert kerberos.passwords == {durand: FIRST}
        assert windows.writes == [FIRST]
        assert not has_secret(directory)

    def test_when_many_targets_answer_at_once_then_all_are_recorded_and_the_secret_is_erased(
        self, directory, open_harness, durand
    ):
        names = [f"domain{number}" for number in range(6)]
        harness, together = open_harness(*names), threading.Barrier(len(names))
        domains = [FakeTarget(name, before=lambda password: together.wait(AT_ONCE_SECONDS)) for name in names]
        harness.change(durand, PASSWORD, FIRST)

        harness.worker(*domains).run_once()

        assert [domain.passwords for domain in domains] == [{durand: FIRST}] * len(names)
        assert {state.status for state in states(directory)} == {DeliveryStatus.DONE}
        assert not has_secret(directory)
        assert "mamiaSyncLease" not in directory.read(durand)

    def test_when_another_targets_write_may_arrive_late_then_this_one_is_done_at_once(
        self, directory, open_harness, durand
    ):
        harness = open_harness("windows", "kerberos")
        kerberos = FakeTarget("kerberos", answers=[Unavailable("no answer in time", outcome_unknown=True)])
        harness.change(durand, PASSWORD, FIRST)
        worker = harness.worker(FakeTarget("windows"), kerberos)
        worker.run_once()

        harness.change(durand, FIRST, SECOND)
        worker.run_once()

        steps = {state.target: state.status for state in states(directory)}
        assert steps == {"windows": DeliveryStatus.DONE, "kerberos": DeliveryStatus.CONFIRMING}

    @pytest.mark.parametrize("lease", ["host;12;aabbcc;00112233", "odd = | value", "domain=host;12;aabbcc;0011|"])
    def test_when_a_lease_is_an_older_workers_then_it_is_taken_over_after_its_time(
        self, directory, harness, durand, domain, lease
    ):
        harness.change(durand, PASSWORD, FIRST)
        directory.set(durand, "mamiaSyncLease", lease)
        worker = harness.worker(domain)

        assert worker.run_once() == 0
        harness.seconds.let_pass(LEASE)
        worker.run_once()

        assert domain.writes == [FIRST]
        assert only_state(directory).status is DeliveryStatus.CONFIRMING

    def test_when_a_state_is_in_a_form_that_nobody_writes_then_others_are_delivered_and_it_is_left(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        odd = str(only_state(directory)).replace(";0;", ";00;")
        directory.set(durand, "mamiaSyncState", odd)
        directory.add_person("other", departmentNumber="rectorat")
        harness.change("other", PASSWORD, SECOND)

        harness.worker(domain).run_once()

        assert domain.passwords == {"other": SECOND}
        assert directory.read(durand)["mamiaSyncState"] == [odd]

    def test_when_the_newer_password_came_during_the_write_then_its_own_time_is_kept(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.before = lambda password: harness.change(durand, FIRST, SECOND) if password == FIRST else None

        harness.worker(domain).run_once()

        [changed_at] = directory.read(durand)["pwdChangedTime"]
        assert f"{only_state(directory).since:%Y%m%d%H%M%SZ}" == changed_at

    def test_when_an_operator_forgets_it_during_the_write_then_no_lease_is_left(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)

        def forget(password):
            [item] = harness.outbox.all_entries()
            assert harness.outbox.forget(item, datetime.now(UTC))

        domain.before = forget
        harness.worker(domain).run_once()

        assert only_state(directory).status is DeliveryStatus.EXPIRED
        assert "mamiaSyncLease" not in directory.read(durand)


class TestNewestPassword:
    def test_when_a_newer_password_waits_then_the_older_one_is_never_sent(self, directory, harness, durand, domain):
        harness.change(durand, PASSWORD, FIRST)
        harness.change(durand, FIRST, SECOND)

        harness.worker(domain).run_once()

        assert domain.writes == [SECOND]

    def test_when_a_newer_password_comes_during_a_slow_write_then_it_is_sent_after_it(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.before = lambda password: harness.change(durand, FIRST, SECOND) if password == FIRST else None
        worker = harness.worker(domain)

        worker.run_once()

        assert domain.writes == [FIRST, SECOND]
        assert only_state(directory).status is DeliveryStatus.DONE
        assert not has_secret(directory)

    def test_when_two_workers_look_at_once_then_one_alone_writes(self, harness, durand, domain):
        harness.change(durand, PASSWORD, FIRST)
        other = FakeTarget()
        second = harness.worker(other, name="second")
        domain.before = lambda password: second.run_once()

        harness.worker(domain).run_once()

        assert domain.writes == [FIRST]
        assert other.writes == []

    def test_when_a_worker_dies_after_its_claim_then_another_takes_over_and_confirms_later(
        self, directory, harness, durand, domain, monkeypatch
    ):
        harness.change(durand, PASSWORD, FIRST)
        let_die(harness.worker(FakeTarget()), monkeypatch)
        second = harness.worker(domain)

        assert second.run_once() == 0
        harness.seconds.let_pass(LEASE)
        second.run_once()
        assert domain.writes == [FIRST]
        assert only_state(directory).status is DeliveryStatus.CONFIRMING
        second.run_once()
        harness.seconds.let_pass(LEASE)
        second.run_once()

        assert domain.writes == [FIRST, FIRST]
        assert only_state(directory).status is DeliveryStatus.DONE
        assert not has_secret(directory)
        assert "mamiaSyncLease" not in directory.read(durand)

    def test_when_the_first_writer_wakes_up_late_then_the_newest_password_is_set_again(
        self, directory, harness, durand, domain
    ):
        """Worker A stalls in the middle of its write; B delivers a newer password; A's write arrives after it."""
        harness.change(durand, PASSWORD, FIRST)

        def stall(password):
            domain.before = lambda password: None
            harness.change(durand, FIRST, SECOND)
            second.run_once()
            harness.seconds.let_pass(LEASE)
            second.run_once()
            assert domain.writes == [SECOND]

        second = harness.worker(domain, name="second")
        domain.before = stall
        harness.worker(domain, name="first").run_once()
        assert domain.writes == [SECOND, FIRST]
        assert domain.passwords == {durand: FIRST}

        for _ in range(6):
            harness.seconds.let_pass(LEASE / 2)
            second.run_once()

        assert domain.passwords == {durand: SECOND}
        assert only_state(directory).status is DeliveryStatus.DONE
        assert not has_secret(directory)

    def test_when_a_third_password_comes_while_a_late_writer_may_be_about_then_it_settles_too(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        late: list[str] = []

        def stall(password):
            domain.before = lambda password: None
            second.run_once()
            harness.seconds.let_pass(LEASE)
            second.run_once()
            harness.change(durand, FIRST, THIRD)
            second.run_once()
            late.append(password)

        second = harness.worker(domain, name="second")
        domain.before = stall
        harness.worker(domain, name="first").run_once()
        assert domain.passwords == {durand: FIRST}, "the late write came last"

        for _ in range(6):
            harness.seconds.let_pass(LEASE / 2)
            second.run_once()

        assert domain.passwords == {durand: THIRD}
        assert only_state(directory).status is DeliveryStatus.DONE

    def test_when_the_target_was_too_slow_to_answer_then_its_late_write_does_not_last(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        domain.answers = [Unavailable("no answer in time", outcome_unknown=True)]
        worker = harness.worker(domain)
        worker.run_once()
        harness.change(durand, FIRST, SECOND)
        worker.run_once()
        assert only_state(directory).status is DeliveryStatus.CONFIRMING

        domain.passwords[durand] = FIRST
        for _ in range(6):
            harness.seconds.let_pass(LEASE / 2)
            worker.run_once()

        assert domain.passwords == {durand: SECOND}
        assert only_state(directory).status is DeliveryStatus.DONE

    @pytest.mark.parametrize("ahead", [timedelta(hours=-1), timedelta(hours=1)])
    def test_when_one_workers_clock_is_wrong_by_an_hour_then_leases_hold_all_the_same(
        self, harness, durand, domain, ahead
    ):
        harness.change(durand, PASSWORD, FIRST)
        astray = FakeTarget()
        wrong = harness.worker(astray, name="wrong", hours=FakeClock(ahead))
        domain.before = lambda password: wrong.run_once()

        harness.worker(domain).run_once()

        assert (domain.writes, astray.writes) == ([FIRST], [])


class TestFaults:
    def test_when_a_sealed_value_is_copied_to_another_entry_then_it_is_refused(
        self, directory, harness, durand, domain, caplog
    ):
        directory.add_person("thief", departmentNumber="rectorat")
        harness.change(durand, PASSWORD, FIRST)
        with directory.as_admin() as line:
            [(_, entry)] = line.search_s(directory.dn(durand), 0, attrlist=["mamiaPendingSecret", "mamiaSyncState"])
            line.modify_s(directory.dn("thief"), [(0, name, values) for name, values in entry.items()])

        harness.worker(domain).run_once()

        assert domain.passwords == {durand: FIRST}
        [state] = states(directory, "thief")
        assert (state.status, state.reason) == (DeliveryStatus.REJECTED, Reason.NOT_FOR_THIS_ENTRY)
        assert "belongs to another entry" in caplog.text

    def test_when_no_private_key_fits_then_it_waits_for_the_operator_and_then_goes_through(
        self, directory, harness, durand, domain, tmp_path
    ):
        harness.change(durand, PASSWORD, FIRST)
        make_key_pair(tmp_path / "other.key", tmp_path / "other.pub")
        other = read_private_key(tmp_path / "other.key")

        harness.worker(domain, unseal=Unsealer([other])).run_once()
        assert only_state(directory).needs_operator
        assert has_secret(directory)

        rotated = Unsealer([other, read_private_key(harness.keys[0])])
        harness.worker(domain, unseal=rotated, hours=FakeClock(timedelta(minutes=10))).run_once()
        assert domain.passwords == {durand: FIRST}

    def test_when_slapd_restarts_in_the_middle_then_nothing_is_lost(self, directory, harness, durand, domain):
        harness.change(durand, PASSWORD, FIRST)
        domain.before = lambda password: directory.slapd.stop()
        worker = harness.worker(domain)
        with pytest.raises(DirectoryUnavailable):
            worker.run_once()
        domain.before = lambda password: None
        directory.slapd.start()

        for _ in range(8):
            worker.run_once()
            harness.seconds.let_pass(LEASE / 2)

        assert domain.passwords == {durand: FIRST}
        assert only_state(directory).status is DeliveryStatus.DONE
        assert not has_secret(directory)

    def test_when_a_target_breaks_its_promise_and_raises_then_the_worker_goes_on(
        self, directory, harness, durand, domain, caplog
    ):
        directory.add_person("other", departmentNumber="rectorat")
        harness.change(durand, PASSWORD, FIRST)
        harness.change("other", PASSWORD, SECOND)

        def fail(password):
            if password == FIRST:
                raise RuntimeError(password)

        domain.before = fail
        harness.worker(domain).run_once()

        assert domain.passwords == {"other": SECOND}
        assert only_state(directory).reason.startswith("unexpected RuntimeError")
        assert FIRST not in caplog.text
