"""A birth date as people type it: read where it can mean one day only, else told what is wrong."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.account.birth_date import BirthDateError, read_birth_date

TODAY = date(2026, 11, 24)


class TestDate:
    @pytest.mark.parametrize(
        "typed",
        [
            "27/03/1985",
            "27/3/1985",
            "27-03-1985",
            "27.03.1985",
            "27 03 1985",
            " 27 / 3 / 1985 ",
            "27031985",
            "1985-03-27",
            "27 mars 1985",
            "27 MARS 1985",
            "le 27 mars 1985",
            "27-mars-1985",
            "27mars1985",
            "27 March 1985",
            "27th March, 1985",
            "March 27, 1985",
            "27 Mar. 1985",
        ],
    )
    def test_when_it_can_mean_one_day_only_then_it_is_read(self, typed):
        assert read_birth_date(typed, TODAY) == date(1985, 3, 27)

    @pytest.mark.parametrize(
        "typed, day",
        [
            ("1er février 1985", date(1985, 2, 1)),
            ("31 AOÛT 1985", date(1985, 8, 31)),
            ("3 déc. 1985", date(1985, 12, 3)),
            ("7 sept 1985", date(1985, 9, 7)),
            ("14 juil. 1985", date(1985, 7, 14)),
            ("29/02/1984", date(1984, 2, 29)),
        ],
    )
    def test_when_its_month_is_a_word_or_short_then_it_is_read(self, typed, day):
        assert read_birth_date(typed, TODAY) == day

    @pytest.mark.parametrize(
        "typed, fault",
        [
            ("", BirthDateError.UNREADABLE),
            ("hier", BirthDateError.UNREADABLE),
            ("27/03/85", BirthDateError.UNREADABLE),
            ("27 mars 85", BirthDateError.UNREADABLE),
            ("27 jui 1985", BirthDateError.UNREADABLE),
            ("27 ma 1985", BirthDateError.UNREADABLE),
            ("27 brumaire 1985", BirthDateError.UNREADABLE),
            ("03/1985", BirthDateError.UNREADABLE),
            ("31/02/1985", BirthDateError.IMPOSSIBLE),
            ("29 février 1985", BirthDateError.IMPOSSIBLE),
            ("03/27/1985", BirthDateError.IMPOSSIBLE),
            ("27/03/1899", BirthDateError.UNLIKELY),
            ("25/11/2026", BirthDateError.UNLIKELY),
        ],
    )
    def test_when_it_is_none_or_could_be_several_then_its_fault_is_named(self, typed, fault):
        assert read_birth_date(typed, TODAY) is fault

    @given(st.text(max_size=40))
    def test_when_anything_is_typed_then_it_is_a_day_or_a_fault(self, typed):
        assert isinstance(read_birth_date(typed, TODAY), date | BirthDateError)

    @given(st.dates(min_value=date(1900, 1, 1), max_value=TODAY))
    def test_when_written_in_any_of_the_usual_ways_then_it_is_the_same_day(self, day):
        for pattern in ("%d/%m/%Y", "%d%m%Y", "%Y-%m-%d", "%d %B %Y", "%B %d, %Y"):
            assert read_birth_date(day.strftime(pattern), TODAY) == day
