"""The table of a delivery's transitions, read row by row: the argument of docs/decisions/0002 as tests."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from gateway.workstation.model import Done, Outcome, Reason, Refused, Unavailable
from gateway.workstation.state import FINAL, DeliveryStatus
from gateway.workstation.transitions import DELIVERED, ROWS, TRANSITIONS, Attempt, Situation, attempt_of

EITHER = (False, True)
EVERY = [Situation(*values) for values in product(DeliveryStatus, EITHER, Attempt, EITHER)]
IMPOSSIBLE = [situation for situation in EVERY if situation.status not in DELIVERED]
POSSIBLE = [situation for situation in EVERY if situation.status in DELIVERED]


def status_after(situation: Situation) -> DeliveryStatus:
    return TRANSITIONS[situation].status


class TestTable:
    def test_when_a_situation_is_possible_then_exactly_one_row_is_for_it(self):
        rows = Counter(situation for row in ROWS for situation in row.situations())

        assert rows == Counter(POSSIBLE)

    def test_when_a_situation_is_impossible_then_no_row_is_for_it(self):
        assert len(IMPOSSIBLE) + len(POSSIBLE) == len(EVERY) == 6 * 2 * 4 * 2
        assert not TRANSITIONS.keys() & set(IMPOSSIBLE)

    def test_when_a_status_is_final_or_held_then_no_attempt_leads_out_of_it(self):
        assert not {situation.status for situation in TRANSITIONS} & {*FINAL, DeliveryStatus.HELD}

    def test_when_an_attempt_ends_then_it_never_holds_the_delivery(self):
        assert DeliveryStatus.HELD not in {transition.status for transition in TRANSITIONS.values()}


class TestTaken:
    @pytest.mark.parametrize("is_over", EITHER)
    def test_when_a_late_write_is_possible_then_the_first_success_is_not_final(self, is_over):
        situation = Situation(DeliveryStatus.PENDING, True, Attempt.TAKEN, is_over)

        assert status_after(situation) is DeliveryStatus.CONFIRMING

    def test_when_a_delivery_is_done_then_no_late_write_was_possible_or_it_was_confirmed(self):
        before = [situation for situation in POSSIBLE if status_after(situation) is DeliveryStatus.DONE]

        assert before
        for situation in before:
            assert situation.attempt is Attempt.TAKEN
            assert not situation.late_write_possible or situation.status is DeliveryStatus.CONFIRMING

    def test_when_the_target_has_it_then_it_never_ends_as_expired_or_rejected_and_needs_nobody(self):
        for situation in POSSIBLE:
            if situation.attempt is Attempt.TAKEN:
                assert status_after(situation) in {DeliveryStatus.DONE, DeliveryStatus.CONFIRMING}
                assert not TRANSITIONS[situation].needs_operator


class TestNotTaken:
    def test_when_the_target_refuses_then_the_delivery_is_rejected_and_for_nothing_else(self):
        for situation in POSSIBLE:
            is_rejected = status_after(situation) is DeliveryStatus.REJECTED
            assert is_rejected == (situation.attempt is Attempt.REFUSED)

    def test_when_the_retry_time_is_over_then_a_failure_expires_and_only_then(self):
        for situation in POSSIBLE:
            has_failed = situation.attempt in {Attempt.PASSING, Attempt.BLOCKED}
            is_expired = status_after(situation) is DeliveryStatus.EXPIRED
            assert is_expired == (has_failed and situation.retry_time_over)

    def test_when_it_is_tried_again_then_its_status_stays(self):
        for situation in POSSIBLE:
            if situation.attempt in {Attempt.PASSING, Attempt.BLOCKED} and not situation.retry_time_over:
                assert status_after(situation) is situation.status

    def test_when_an_operator_is_needed_then_the_target_was_blocked_and_the_delivery_waits(self):
        for situation in POSSIBLE:
            waits = situation.attempt is Attempt.BLOCKED and not situation.retry_time_over
            assert TRANSITIONS[situation].needs_operator == waits


class TestAttempt:
    @pytest.mark.parametrize(
        "outcome, attempt",
        [
            (Done(), Attempt.TAKEN),
            (Refused(Reason.TOO_SHORT), Attempt.REFUSED),
            (Unavailable("down"), Attempt.PASSING),
            (Unavailable("no answer", outcome_unknown=True), Attempt.PASSING),
            (Unavailable("no right", "grant it"), Attempt.BLOCKED),
        ],
    )
    def test_when_a_target_answers_then_it_counts_as(self, outcome: Outcome, attempt: Attempt):
        assert attempt_of(outcome) is attempt
