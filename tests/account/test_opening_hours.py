"""Is the helpdesk open, and if not, when is it again?"""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from gateway.account.opening_hours import Closure, Opening, OpeningHours

PARIS = ZoneInfo("Europe/Paris")
WORKDAYS = frozenset(range(5))
HOURS = OpeningHours(
    openings=(Opening(WORKDAYS, time(8, 30), time(12, 30)), Opening(WORKDAYS, time(13, 30), time(17))),
    closures=(Closure((7, 15), (8, 18)), Closure((12, 25), (1, 1))),
    is_holiday=lambda day: day == date(2026, 11, 11),
)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


class TestHelpdesk:
    @pytest.mark.parametrize(
        "now, is_open",
        [
            ("2026-11-23 08:29", False),
            ("2026-11-23 08:30", True),
            ("2026-11-23 12:29", True),
            ("2026-11-23 12:30", False),
            ("2026-11-23 16:59", True),
            ("2026-11-22 10:00", False),
            ("2026-11-11 10:00", False),
            ("2026-07-15 10:00", False),
            ("2026-08-18 10:00", False),
            ("2026-08-19 10:00", True),
            ("2026-12-25 10:00", False),
            ("2027-01-01 10:00", False),
            ("2026-12-24 10:00", True),
        ],
    )
    def test_when_asked_at_that_time_then_it_is_open_or_not(self, now, is_open):
        assert HOURS.is_open(at(now)) is is_open

    @pytest.mark.parametrize(
        "now, opens",
        [
            ("2026-11-23 07:00", "2026-11-23 08:30"),
            ("2026-11-23 12:45", "2026-11-23 13:30"),
            ("2026-11-23 17:00", "2026-11-24 08:30"),
            ("2026-11-27 18:00", "2026-11-30 08:30"),
            ("2026-11-10 18:00", "2026-11-12 08:30"),
            ("2026-07-14 18:00", "2026-08-19 08:30"),
            ("2026-12-24 18:00", "2027-01-04 08:30"),
        ],
    )
    def test_when_it_is_closed_then_the_next_opening_is_known(self, now, opens):
        assert HOURS.next_opening(at(now)) == at(opens)

    def test_when_it_is_open_then_the_end_of_this_opening_is_known(self):
        assert HOURS.closes_at(at("2026-11-23 10:00")) == at("2026-11-23 12:30")
        assert HOURS.closes_at(at("2026-11-23 13:00")) is None

    def test_when_hours_touch_or_overlap_then_their_common_end_is_known(self):
        hours = OpeningHours(
            (
                Opening(WORKDAYS, time(8), time(12)),
                Opening(WORKDAYS, time(12), time(14)),
                Opening(WORKDAYS, time(13), time(18)),
            ),
            (),
            lambda day: False,
        )

        assert hours.closes_at(at("2026-11-23 09:00")) == at("2026-11-23 18:00")

    @pytest.mark.parametrize(
        "now, opens",
        [
            # The night in which the clocks go forward, and the one in which they go back.
            ("2026-03-29 01:59+01:00", "2026-03-30 08:30"),
            ("2026-03-29 03:00+02:00", "2026-03-30 08:30"),
            ("2026-10-25 02:30+02:00", "2026-10-26 08:30"),
            ("2026-10-25 02:30+01:00", "2026-10-26 08:30"),
        ],
    )
    def test_when_the_clocks_change_then_it_opens_at_the_hour_of_the_clock(self, now, opens):
        assert HOURS.next_opening(datetime.fromisoformat(now).astimezone(PARIS)) == at(opens)

    def test_when_a_year_is_closed_but_for_one_day_then_that_day_is_found(self):
        hours = OpeningHours(
            (Opening(frozenset(range(7)), time(9), time(10)),), (Closure((1, 2), (12, 31)),), lambda day: False
        )

        assert hours.next_opening(at("2026-01-02 09:00")) == at("2027-01-01 09:00")

    def test_when_it_never_opens_then_no_opening_is_promised(self):
        assert OpeningHours((), (), lambda day: False).next_opening(at("2026-11-23 10:00")) is None
