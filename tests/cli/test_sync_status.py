"""The list of `mamia sync status`: its order, its columns, and its JSON, which is written as a stream."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway.cli.output import print_json, print_json_list
from gateway.cli.sync_status import CHANGED_SINCE, KnownDeliveries, lines
from gateway.directory.outbox import Sent
from gateway.workstation.state import DeliveryState, DeliveryStatus, pending, read_state

SINCE = datetime(2026, 3, 1, 8, tzinfo=UTC)
LATER = SINCE + timedelta(days=1)


def sent(login: str, *states: DeliveryState, changed_at: datetime | None = SINCE) -> Sent:
    return Sent(login, tuple(map(str, states)), changed_at)


def waiting(target: str = "domain", since: datetime = SINCE) -> DeliveryState:
    return pending(target, "c1", since)


def done(target: str = "domain", since: datetime = SINCE) -> DeliveryState:
    return waiting(target, since).to(DeliveryStatus.DONE, at=since + timedelta(seconds=2))


class TestOrder:
    def test_when_all_kinds_are_there_then_those_that_need_somebody_are_first(self):
        known = KnownDeliveries.of([
            sent("d", done()),
            sent("c", waiting(since=LATER)),
            sent("b", waiting()),
            sent("stale", done(), changed_at=LATER),
            sent("ab", waiting()),
            sent("a", waiting()),
        ])  # fmt: skip

        assert [one.login for one in known] == ["stale", "a", "ab", "b", "c", "d"]

    def test_when_a_person_has_two_targets_then_they_keep_their_order(self):
        known = KnownDeliveries.of([sent("a", waiting("windows"), waiting("realm"))])

        assert [one.target for one in known] == ["windows", "realm"]

    @pytest.mark.parametrize("changed_at, shown", [(None, None), (SINCE, False), (LATER, True)])
    def test_when_the_directory_says_or_hides_its_last_change_then_so_does_the_list(self, changed_at, shown):
        [one] = KnownDeliveries.of([sent("a", done(), changed_at=changed_at)])

        assert one.is_stale is shown


class TestFacts:
    def test_when_a_state_has_a_reason_and_needs_an_operator_then_every_fact_is_as_it_was_written(self):
        state = waiting().to(DeliveryStatus.PENDING, at=LATER, reason="tls; éà fix it", needs_operator=True)
        written = read_state(str(state))
        assert written

        [one] = KnownDeliveries.of([sent("prénom", state)])

        assert (one.login, one.target, one.status, one.since, one.at, one.attempts, one.reason) == (
            "prénom", "domain", DeliveryStatus.PENDING, SINCE, LATER, 1, written.reason,
        )  # fmt: skip
        assert one.needs_operator

    def test_when_the_character_that_separates_is_in_a_login_then_the_list_goes_on(self):
        assert [one.login for one in KnownDeliveries.of([sent("a\0b", done()), sent("c", done())])] == [
            "a\ufffdb",
            "c",
        ]

    def test_when_a_value_is_not_ours_then_it_is_passed_over(self):
        assert len(KnownDeliveries.of([Sent("a", ("x", str(done())), None), Sent("b", ("y",), None)])) == 1


class TestTable:
    def test_when_cells_have_different_lengths_then_the_columns_are_aligned(self):
        known = KnownDeliveries.of([sent("somebody", done(), changed_at=LATER), sent("a", waiting("windows"))])

        head, *rows = list(lines(known, []))[:3]

        assert [row.index(name) for row, name in zip(rows, ("domain", "windows"), strict=True)] == [
            head.index("target")
        ] * 2
        assert [row.index(name) for row, name in zip(rows, ("done", "pending"), strict=True)] == [
            head.index("state")
        ] * 2

    def test_when_a_password_is_newer_in_the_directory_then_it_says_once_what_to_do(self):
        known = KnownDeliveries.of([sent(login, done(), changed_at=LATER) for login in "ab"])

        assert list(lines(known, [])).count(CHANGED_SINCE) == 1

    def test_when_nothing_was_sent_then_it_says_so(self):
        assert list(lines(KnownDeliveries.of([]), [])) == ["nothing waits, nothing was sent yet"]


class TestJson:
    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_when_written_one_by_one_then_it_is_the_same_text_as_all_at_once(self, count):
        known = KnownDeliveries.of([sent(f'é"{number}', done()) for number in range(count)])
        items = [one.as_json(known.now) for one in known]
        at_once, one_by_one = io.StringIO(), io.StringIO()

        print_json(items, at_once)
        print_json_list(items, one_by_one)

        assert one_by_one.getvalue() == at_once.getvalue()
        assert len(json.loads(one_by_one.getvalue())) == count
