"""What versions before 1.0 stored in a directory is still read, compared and delivered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.workstation.lease import LATE_WRITE, late_write_possible
from gateway.workstation.model import Reason
from gateway.workstation.state import DeliveryState, DeliveryStatus, read_state
from tests.support.fake_target import LEASE
from tests.support.slapd_server import PASSWORD

FIRST = "Premier-2025"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
SETTLING = "domain;settling;c1;20261123T180000Z;1;20261123T180100Z;normal;"
UNREADABLE = "domain;rejected;c1;20261123T180000Z;1;20261123T180100Z;normal;not_in_clear"


def state_of(value: str) -> DeliveryState:
    state = read_state(value)
    assert state is not None
    return state


class TestState:
    @pytest.mark.parametrize(
        "value, status, reason",
        [
            (SETTLING, DeliveryStatus.CONFIRMING, ""),
            (UNREADABLE, DeliveryStatus.REJECTED, Reason.NOT_PLAIN_TEXT),
        ],
    )
    def test_when_it_has_a_former_word_then_it_means_the_present_one(self, value, status, reason):
        state = state_of(value)

        assert (state.status, state.reason) == (status, reason)

    @pytest.mark.parametrize("value", [SETTLING, UNREADABLE])
    def test_when_it_stays_as_it_is_then_it_is_compared_with_the_value_in_the_directory(self, value):
        assert str(state_of(value)) == value

    def test_when_it_changes_then_the_present_words_are_written(self):
        state = state_of(SETTLING)

        for newer in (state.to(DeliveryStatus.CONFIRMING, at=NOW), state.afresh()):
            assert ";confirming;" in str(newer)
        assert ";held;" in str(state.held("restored"))
        assert ";pending;" in str(state.resumed())

    def test_when_the_words_differ_only_then_it_is_the_same_state(self):
        assert state_of(SETTLING) == state_of(SETTLING.replace("settling", "confirming"))

    def test_when_a_reason_only_contains_a_former_word_then_it_stays(self):
        value = UNREADABLE.replace("not_in_clear", "it is not_in_clear")

        assert state_of(value).reason == "it is not_in_clear"


class TestLease:
    @pytest.mark.parametrize("marker", ["ghost;host;12;aabb", f"{LATE_WRITE}host;12;aabb"])
    def test_when_it_is_a_marker_of_any_version_then_a_late_write_is_possible(self, marker):
        assert late_write_possible(marker)

    def test_when_it_is_written_then_in_the_present_word(self):
        assert LATE_WRITE == "late-write;"


class TestDelivery:
    def test_when_a_former_version_was_confirming_then_the_worker_confirms_and_nothing_is_left(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        [value] = directory.read(durand)["mamiaSyncState"]
        former = str(state_of(value).to(DeliveryStatus.CONFIRMING, at=state_of(value).at))
        directory.set(durand, "mamiaSyncState", former.replace(";confirming;", ";settling;"))
        directory.set(durand, "mamiaSyncLease", "domain=ghost;host;12;aabb")
        worker = harness.worker(domain)
        assert worker.run_once() == 0

        harness.seconds.let_pass(LEASE + 1)
        worker.run_once()

        entry = directory.read(durand)
        assert domain.passwords == {durand: FIRST}
        assert state_of(entry["mamiaSyncState"][0]).status is DeliveryStatus.DONE
        assert not entry.keys() & {"mamiaPendingSecret", "mamiaSyncLease"}

    def test_when_a_late_write_of_a_former_version_is_possible_then_a_password_is_confirmed_first(
        self, directory, harness, durand, domain
    ):
        harness.change(durand, PASSWORD, FIRST)
        directory.set(durand, "mamiaSyncLease", "domain=ghost;host;12;aabb")

        harness.worker(domain).run_once()

        entry = directory.read(durand)
        assert state_of(entry["mamiaSyncState"][0]).status is DeliveryStatus.CONFIRMING
        assert ";confirming;" in entry["mamiaSyncState"][0]
        assert entry["mamiaSyncLease"][0].startswith("domain=late-write;")
