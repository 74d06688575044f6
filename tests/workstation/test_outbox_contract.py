"""What `workstation.ports.Outbox` promises, on the outbox in the directory and on the one in memory.

The schedules of tests/support/delivery_schedules.py run over the one in memory: these tests make both the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from nacl.public import PrivateKey

from gateway.protection.seal import Sealer
from gateway.workstation.lease import LATE_WRITE
from gateway.workstation.ports import Outbox, Waiting
from gateway.workstation.state import DeliveryState, DeliveryStatus
from tests.support.memory_outbox import MemoryDirectory, MemoryOutbox
from tests.support.slapd_server import PASSWORD

TARGETS = ("realm", "windows")
NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
MARKER = f"{LATE_WRITE}left;1"


@dataclass
class Subject:
    """An outbox, and what happens to the one entry in it elsewhere."""

    outbox: Outbox
    change: Callable[[], object]
    """A password is confirmed to the person."""
    delete: Callable[[], object]
    """The entry is deleted."""

    def waiting(self) -> Waiting:
        """Return the one entry that waits."""
        [item] = self.outbox.waiting()
        return item

    def read(self) -> Waiting:
        """Return the entry as it is now."""
        item = self.outbox.read(self.waiting().dn)
        assert item is not None
        return item

    def claim(self, target: str, lease: str) -> Waiting:
        """Claim `target` of the entry as it is now."""
        claimed = self.outbox.claim(self.waiting(), target, lease)
        assert claimed is not None
        return claimed


def in_memory() -> Subject:
    directory = MemoryDirectory(Sealer(PrivateKey.generate().public_key).seal, TARGETS, lambda: 0.0)
    numbers = itertools.count()

    def delete() -> None:
        directory.is_entry_deleted = True

    return Subject(MemoryOutbox(directory), lambda: directory.change_password(f"Premier-{next(numbers)}"), delete)


def in_directory(request: pytest.FixtureRequest) -> Subject:
    directory, durand = request.getfixturevalue("directory"), request.getfixturevalue("durand")
    harness = request.getfixturevalue("open_harness")(*TARGETS)
    passwords = itertools.pairwise(itertools.chain([PASSWORD], (f"Premier-{number}" for number in itertools.count())))

    def delete() -> None:
        with directory.as_admin() as admin:
            admin.delete_s(directory.dn(durand))

    return Subject(harness.outbox, lambda: harness.change(durand, *next(passwords)), delete)


@pytest.fixture(params=["directory", "memory"])
def subject(request: pytest.FixtureRequest) -> Subject:
    """An outbox with one entry that waits for two targets."""
    made = in_memory() if request.param == "memory" else in_directory(request)
    made.change()
    return made


def state_of(item: Waiting, target: str = "realm") -> DeliveryState:
    state = item.state_at(target)
    assert state is not None
    return state


def after(state: DeliveryState, status: DeliveryStatus = DeliveryStatus.DONE) -> DeliveryState:
    return state.to(status, at=NOW)


class TestAdd:
    def test_when_a_password_changed_then_the_entry_waits_for_each_target_and_nobody_is_at_work(self, subject):
        item = subject.waiting()

        assert sorted((state.target, state.status) for state in item.states) == [
            (target, DeliveryStatus.PENDING) for target in TARGETS
        ]
        assert item.sealed
        assert item.lease == ""
        assert item.changed_at is None
        assert item.read_at is None
        assert subject.read().changed_at is not None

    def test_when_it_changes_again_then_one_newer_change_takes_the_place_of_the_former(self, subject):
        former = subject.waiting()

        subject.change()

        newer = subject.waiting()
        assert len(newer.states) == len(TARGETS)
        assert newer.sealed != former.sealed
        assert {state.change for state in newer.states}.isdisjoint(state.change for state in former.states)

    def test_when_it_changes_while_a_worker_is_busy_then_the_lease_stays(self, subject):
        subject.claim("realm", "left;1")

        subject.change()

        assert subject.waiting().leases == {"realm": "left;1"}


class TestClaim:
    def test_when_nobody_is_at_work_then_the_lease_is_there_and_the_directory_tells_its_time(self, subject):
        claimed = subject.claim("realm", "left;1")

        assert claimed.leases == {"realm": "left;1"}
        assert claimed.read_at is not None
        assert claimed.changed_at is not None
        assert subject.waiting().leases == {"realm": "left;1"}

    def test_when_another_worker_was_faster_then_there_is_none(self, subject):
        item = subject.waiting()
        subject.claim("realm", "left;1")

        assert subject.outbox.claim(item, "realm", "right;1") is None
        assert subject.waiting().leases == {"realm": "left;1"}

    def test_when_it_is_sent_twice_then_the_first_one_counts(self, subject):
        item = subject.waiting()
        subject.claim("realm", "left;1")

        again = subject.outbox.claim(item, "realm", "left;1")

        assert again is not None
        assert again.leases == {"realm": "left;1"}

    def test_when_others_are_at_work_for_another_target_then_both_leases_are_there(self, subject):
        item = subject.waiting()
        subject.claim("realm", "left;1")

        claimed = subject.outbox.claim(item, "windows", "right;1")

        assert claimed is not None
        assert claimed.leases == {"realm": "left;1", "windows": "right;1"}

    @pytest.mark.parametrize("former", ["left;1", MARKER])
    def test_when_the_former_lease_has_expired_then_it_is_replaced(self, subject, former):
        subject.claim("realm", former)

        assert subject.claim("realm", "right;1").leases == {"realm": "right;1"}

    def test_when_a_newer_password_came_then_there_is_none(self, subject):
        item = subject.waiting()
        subject.change()

        assert subject.outbox.claim(item, "realm", "left;1") is None
        assert subject.waiting().lease == ""

    def test_when_everything_has_ended_then_there_is_none(self, subject):
        item = subject.waiting()
        for target in TARGETS:
            claimed = subject.claim(target, "left;1")
            state = state_of(claimed, target)
            assert subject.outbox.record(claimed, state, after(state), lease="left;1")

        assert list(subject.outbox.waiting()) == []
        assert subject.outbox.claim(item, "realm", "right;1") is None


class TestRelease:
    def test_when_it_is_the_own_lease_then_it_goes_and_the_others_stay(self, subject):
        subject.claim("realm", "left;1")
        item = subject.claim("windows", "right;1")

        subject.outbox.release(item.dn, "realm", "left;1")

        assert subject.waiting().leases == {"windows": "right;1"}

    def test_when_a_late_write_is_possible_then_a_marker_takes_its_place(self, subject):
        item = subject.claim("realm", "left;1")

        subject.outbox.release(item.dn, "realm", "left;1", late_write_marker=MARKER)

        assert subject.waiting().leases == {"realm": MARKER}

    def test_when_another_worker_took_over_then_its_lease_stays(self, subject):
        item = subject.claim("realm", "left;1")
        subject.claim("realm", "right;1")

        subject.outbox.release(item.dn, "realm", "left;1", late_write_marker=MARKER)

        assert subject.waiting().leases == {"realm": "right;1"}


class TestRecord:
    def test_when_another_target_still_waits_then_the_secret_stays_and_the_lease_goes(self, subject):
        claimed = subject.claim("realm", "left;1")
        state = state_of(claimed)

        assert subject.outbox.record(claimed, state, after(state), lease="left;1")

        item = subject.waiting()
        assert state_of(item) == after(state)
        assert state_of(item, "windows").status is DeliveryStatus.PENDING
        assert item.lease == ""

    def test_when_a_late_write_is_possible_then_a_marker_takes_the_place_of_the_lease(self, subject):
        claimed = subject.claim("realm", "left;1")
        state = state_of(claimed)

        assert subject.outbox.record(
            claimed, state, after(state, DeliveryStatus.CONFIRMING), lease="left;1", late_write_marker=MARKER
        )

        assert subject.waiting().leases == {"realm": MARKER}
        assert state_of(subject.waiting()).status is DeliveryStatus.CONFIRMING

    def test_when_all_have_ended_then_the_secret_goes_in_the_same_write_and_a_marker_stays_for_the_next_change(
        self, subject
    ):
        realm, dn = subject.claim("realm", "left;1"), subject.waiting().dn
        state = state_of(realm)
        rejected = after(state, DeliveryStatus.REJECTED)
        subject.outbox.record(realm, state, rejected, lease="left;1", late_write_marker=MARKER)
        windows = subject.claim("windows", "left;2")
        state = state_of(windows, "windows")

        assert subject.outbox.record(windows, state, after(state), lease="left;2")

        ended = subject.outbox.read(dn)
        assert ended is not None
        assert not ended.sealed
        assert ended.leases == {"realm": MARKER}
        assert all(state.is_final for state in ended.states)
        assert list(subject.outbox.waiting()) == []

    def test_when_a_newer_password_came_then_nothing_is_written(self, subject):
        claimed = subject.claim("realm", "left;1")
        state = state_of(claimed)
        subject.change()
        newer = subject.waiting()

        assert not subject.outbox.record(claimed, state, after(state), lease="left;1")

        assert subject.waiting() == newer

    def test_when_another_worker_took_over_then_nothing_is_written(self, subject):
        claimed = subject.claim("realm", "left;1")
        state = state_of(claimed)
        subject.claim("realm", "right;1")

        assert not subject.outbox.record(claimed, state, after(state), lease="left;1")

        assert state_of(subject.waiting()) == state
        assert subject.waiting().leases == {"realm": "right;1"}

    def test_when_another_target_was_recorded_meanwhile_then_both_are_there(self, subject):
        first, second = subject.claim("realm", "left;1"), subject.claim("windows", "right;1")
        realm, windows = state_of(first), state_of(first, "windows")
        assert subject.outbox.record(second, windows, after(windows, DeliveryStatus.PENDING), lease="right;1")

        assert subject.outbox.record(first, realm, after(realm), lease="left;1")

        assert {state.attempts for state in subject.waiting().states} == {1}

    def test_when_it_is_sent_twice_then_the_first_one_counts(self, subject):
        claimed = subject.claim("realm", "left;1")
        state = state_of(claimed)
        assert subject.outbox.record(claimed, state, after(state), lease="left;1")

        assert subject.outbox.record(claimed, state, after(state), lease="left;1")

        assert state_of(subject.waiting()) == after(state)

    def test_when_no_lease_is_named_then_leases_stay(self, subject):
        claimed = subject.claim("realm", "left;1")
        state = state_of(claimed)

        assert subject.outbox.record(claimed, state, state.held("restored"))

        assert subject.waiting().leases == {"realm": "left;1"}
        assert state_of(subject.waiting()).status is DeliveryStatus.HELD


class TestDelete:
    def test_when_the_entry_is_gone_then_nothing_waits_and_nothing_can_be_written(self, subject):
        claimed = subject.claim("realm", "left;1")
        state = state_of(claimed)
        subject.delete()

        assert list(subject.outbox.waiting()) == []
        assert subject.outbox.read(claimed.dn) is None
        assert subject.outbox.claim(claimed, "windows", "left;2") is None
        assert not subject.outbox.record(claimed, state, after(state), lease="left;1")
        subject.outbox.release(claimed.dn, "realm", "left;1", late_write_marker=MARKER)

        assert list(subject.outbox.waiting()) == []
