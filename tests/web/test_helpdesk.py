"""The assistance page: how to reach the helpdesk, whether it is open, and when it is again."""

from __future__ import annotations

import re
from contextlib import ExitStack
from datetime import UTC, date, datetime
from urllib.parse import unquote

import pytest
from icalendar import Calendar, Component, Event

from gateway.web.helpdesk import Helpdesk
from tests.support.gateway_settings import settings_for


@pytest.fixture
def set_language(browser):
    """Begins a request by somebody whose browser asks for this language."""
    with ExitStack() as requests:
        yield lambda language: requests.enter_context(
            browser.app.test_request_context(headers={"Accept-Language": language})
        )


@pytest.fixture
def helpdesk_with(server, set_language):
    """A helpdesk with these settings, asked in French unless the test begins another request."""
    set_language("fr")
    return lambda **support: Helpdesk(settings_for(server, support=support))


class TestHelpdesk:
    @pytest.mark.parametrize(
        "now, reported",
        [
            ("2026-11-23 09:00", "Ouverte en ce moment, jusqu’à 12 h 30."),
            ("2026-11-23 12:00", "Fermée en ce moment. Prochaine ouverture : aujourd’hui à 13 h 30."),
            ("2026-11-23 18:00", "Fermée en ce moment. Prochaine ouverture : demain à 8 h 30."),
            ("2026-11-10 18:00", "Fermée en ce moment. Prochaine ouverture : jeudi 12 novembre à 8 h 30."),
            ("2026-07-20 10:00", "Fermée en ce moment. Prochaine ouverture : mercredi 19 août à 8 h 30."),
            ("2026-05-14 10:00", "Fermée en ce moment. Prochaine ouverture : demain à 8 h 30."),
            ("2027-04-30 18:00", "Fermée en ce moment. Prochaine ouverture : lundi 3 mai à 8 h 30."),
        ],
    )
    def test_when_asked_then_it_says_in_words_until_or_from_when(self, helpdesk_with, now, reported):
        """Times are UTC; Paris is one hour ahead in winter, two in summer. Public holidays are France's."""
        asked = datetime.fromisoformat(now).replace(tzinfo=UTC)

        assert helpdesk_with().now_in_words(asked).replace("\u00a0", " ") == reported

    @pytest.mark.parametrize(
        "language, reported",
        [
            ("fr", "Fermée en ce moment. Prochaine ouverture : mardi 1er décembre à 8 h 30."),
            ("en", "Closed now. It opens again on Tuesday, December 1 at 8:30 AM."),
        ],
    )
    def test_when_asked_in_a_language_then_day_and_hour_have_its_form(
        self, helpdesk_with, set_language, language, reported
    ):
        helpdesk = helpdesk_with(openings=[{"days": ["tue"], "opens": "8:30", "closes": "12:00"}])
        set_language(language)

        asked = datetime.fromisoformat("2026-11-25 18:00").replace(tzinfo=UTC)

        assert helpdesk.now_in_words(asked).replace("\u00a0", " ") == reported

    def test_when_no_opening_is_set_then_none_is_promised(self, helpdesk_with):
        assert helpdesk_with(openings=[]).now_in_words() == "Fermée en ce moment."


class TestHours:
    def test_when_asked_in_english_then_days_and_hours_have_its_form(self, helpdesk_with, set_language):
        helpdesk = helpdesk_with()
        set_language("en")

        assert helpdesk.in_words() == "Monday to Friday, from 8:30 AM to 12:30 PM and from 1:30 PM to 5 PM"

    @pytest.mark.parametrize(
        "openings, words",
        [
            ([], ""),
            ([{"days": ["mon"], "opens": "8:30", "closes": "12:00"}], "le lundi, de 8 h 30 à 12 h"),
            ([{"days": ["mon", "wed"], "opens": "09:00", "closes": "17:00"}], "le lundi et mercredi, de 9 h à 17 h"),
        ],
    )
    def test_when_set_then_they_are_put_into_words(self, helpdesk_with, openings, words):
        assert helpdesk_with(openings=openings).in_words().replace("\u00a0", " ") == words

    def test_when_not_set_then_they_are_those_of_an_office(self, helpdesk_with):
        expected = "du lundi au vendredi, de 8 h 30 à 12 h 30 et de 13 h 30 à 17 h"

        assert helpdesk_with().in_words().replace("\u00a0", " ") == expected


class TestPage:
    def test_when_opened_then_it_says_whether_somebody_answers_now(self, browser):
        page = browser.open("/assistance")

        assert "en ce moment" in page.main
        assert "du lundi au vendredi" in page.main

    def test_when_a_problem_is_to_be_reported_then_the_mail_has_time_and_reference_and_asks_for_no_secret(
        self, browser
    ):
        page = browser.open("/assistance")
        links = [unquote(link) for link in re.findall(r'href="(mailto:[^"]+body=[^"]+)"', page.source)]
        written = links[0]

        assert len(links) == 4
        assert "Ce que je voulais faire : Retrouver mon compte" in written
        assert page.answer.headers["X-Request-ID"] in written
        assert re.search(r"Heure\s: \d\d/\d\d/\d{4} à \d\d\sh\s\d\d", written)
        assert "ni mot de passe" in written


def days_left_out(event: Component) -> set[date]:
    assert isinstance(event, Event)
    days = set()
    for left_out in event.exdates:
        assert isinstance(left_out, datetime)
        days.add(left_out.date())
    return days


class TestCalendar:
    def test_when_fetched_then_closures_and_holidays_are_left_out(self, browser):
        answer = browser.client.get("/assistance.ics")

        assert answer.mimetype == "text/calendar"
        events = Calendar.from_ical(answer.data).walk("VEVENT")
        left_out = [days_left_out(event) for event in events]
        first = min(left_out[0]).year
        closed = {
            day
            for year in (first, first + 1)
            for day in (date(year, 7, 14), date(year, 11, 11), *(date(year, 8, number) for number in range(1, 19)))
            if day.weekday() < 5
        }
        assert len(events) == 2
        assert [closed - days for days in left_out] == [set(), set()]
        assert not any(date(first, 9, number) in days for days in left_out for number in range(1, 31))
