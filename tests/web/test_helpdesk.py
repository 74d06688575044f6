"""The assistance page: how to reach the helpdesk, whether it is open, and when it is again."""

from __future__ import annotations

import re
from contextlib import ExitStack
from datetime import UTC, date, datetime
from html import unescape
from urllib.parse import parse_qs

import pytest
from icalendar import Calendar, Component, Event

from gateway.web.helpdesk import Helpdesk
from tests.support.browser import Page
from tests.support.gateway_settings import settings_for


def plain(text: str) -> str:
    """`text` with blanks of all kinds as one space."""
    return re.sub(r"\s+", " ", text).strip()


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


class TestNow:
    @pytest.mark.parametrize(
        "now, reported",
        [
            # A weekday. Times are Paris's, which is one hour ahead of UTC in winter and two in summer.
            ("2026-11-23 08:29+01:00", "L’assistance est fermée. Elle rouvre aujourd’hui à 8 h 30."),
            ("2026-11-23 08:30+01:00", "L’assistance est ouverte jusqu’à 12 h 30."),
            ("2026-11-23 12:29+01:00", "L’assistance est ouverte jusqu’à 12 h 30."),
            ("2026-11-23 12:30+01:00", "L’assistance est fermée. Elle rouvre aujourd’hui à 13 h 30."),
            ("2026-11-23 16:59+01:00", "L’assistance est ouverte jusqu’à 17 h."),
            ("2026-11-23 17:00+01:00", "L’assistance est fermée. Elle rouvre demain à 8 h 30."),
            # Midnight: "demain" is of the day that has just begun.
            ("2026-11-23 23:59+01:00", "L’assistance est fermée. Elle rouvre demain à 8 h 30."),
            ("2026-11-24 00:00+01:00", "L’assistance est fermée. Elle rouvre aujourd’hui à 8 h 30."),
            # Weekends.
            ("2026-11-27 18:00+01:00", "L’assistance est fermée. Elle rouvre le lundi 30 novembre à 8 h 30."),
            ("2026-11-28 10:00+01:00", "L’assistance est fermée. Elle rouvre le lundi 30 novembre à 8 h 30."),
            ("2026-11-29 10:00+01:00", "L’assistance est fermée. Elle rouvre demain à 8 h 30."),
            # Public holidays: 11 November, Ascension Day, 1 May on a Saturday.
            ("2026-11-10 18:00+01:00", "L’assistance est fermée. Elle rouvre le jeudi 12 novembre à 8 h 30."),
            ("2026-05-14 10:00+02:00", "L’assistance est fermée. Elle rouvre demain à 8 h 30."),
            ("2027-04-30 18:00+02:00", "L’assistance est fermée. Elle rouvre le lundi 3 mai à 8 h 30."),
            # Closures: five weeks in summer, and over the end of the year.
            ("2026-07-13 17:30+02:00", "L’assistance est fermée. Elle rouvre le mercredi 19 août à 8 h 30."),
            ("2026-08-18 23:00+02:00", "L’assistance est fermée. Elle rouvre demain à 8 h 30."),
            ("2026-12-24 17:30+01:00", "L’assistance est fermée. Elle rouvre le lundi 4 janvier 2027 à 8 h 30."),
            ("2026-12-31 23:59+01:00", "L’assistance est fermée. Elle rouvre le lundi 4 janvier 2027 à 8 h 30."),
            ("2027-01-01 00:00+01:00", "L’assistance est fermée. Elle rouvre le lundi 4 janvier à 8 h 30."),
            # The clocks go forward on 29 March 2026 and back on 25 October 2026.
            ("2026-03-28 23:30+01:00", "L’assistance est fermée. Elle rouvre le lundi 30 mars à 8 h 30."),
            ("2026-03-30 08:29+02:00", "L’assistance est fermée. Elle rouvre aujourd’hui à 8 h 30."),
            ("2026-03-30 08:30+02:00", "L’assistance est ouverte jusqu’à 12 h 30."),
            ("2026-10-23 16:59+02:00", "L’assistance est ouverte jusqu’à 17 h."),
            ("2026-10-26 08:29+01:00", "L’assistance est fermée. Elle rouvre aujourd’hui à 8 h 30."),
            ("2026-10-26 08:30+01:00", "L’assistance est ouverte jusqu’à 12 h 30."),
        ],
    )
    def test_when_asked_then_it_says_until_or_from_when(self, helpdesk_with, now, reported):
        asked = datetime.fromisoformat(now).astimezone(UTC)

        assert plain(helpdesk_with().now_in_words(asked)) == reported

    @pytest.mark.parametrize(
        "now, reported",
        [
            ("2026-11-23 10:00+01:00", "The helpdesk is open until 12:30."),
            ("2026-11-23 14:00+01:00", "The helpdesk is open until 17:00."),
            ("2026-11-23 18:00+01:00", "The helpdesk is closed. It opens again tomorrow at 8:30."),
            ("2026-11-27 18:00+01:00", "The helpdesk is closed. It opens again on Monday 30 November at 8:30."),
            ("2026-12-24 18:00+01:00", "The helpdesk is closed. It opens again on Monday 4 January 2027 at 8:30."),
        ],
    )
    def test_when_asked_in_english_then_days_and_hours_are_written_as_in_britain(
        self, helpdesk_with, set_language, now, reported
    ):
        helpdesk = helpdesk_with()
        set_language("en")

        assert plain(helpdesk.now_in_words(datetime.fromisoformat(now))) == reported

    def test_when_it_opens_on_the_first_of_a_month_then_french_writes_1er(self, helpdesk_with):
        helpdesk = helpdesk_with(openings=[{"days": ["tue"], "opens": "8:30", "closes": "12:00"}])

        said = plain(helpdesk.now_in_words(datetime.fromisoformat("2026-11-25 18:00+01:00")))

        assert said == "L’assistance est fermée. Elle rouvre le mardi 1er décembre à 8 h 30."

    def test_when_hours_follow_one_another_then_it_closes_at_the_end_of_the_last(self, helpdesk_with):
        helpdesk = helpdesk_with(
            openings=[
                {"days": ["mon"], "opens": "8:30", "closes": "12:30"},
                {"days": ["mon"], "opens": "12:30", "closes": "18:00"},
            ]
        )

        said = plain(helpdesk.now_in_words(datetime.fromisoformat("2026-11-23 10:00+01:00")))

        assert said == "L’assistance est ouverte jusqu’à 18 h."

    def test_when_no_opening_is_set_then_neither_open_nor_closed_is_said(self, helpdesk_with):
        assert helpdesk_with(openings=[]).now_in_words() == ""

    def test_when_it_never_opens_then_no_opening_is_promised(self, helpdesk_with):
        closed = helpdesk_with(closures=[{"first": "01-01", "last": "12-31"}])

        assert closed.now_in_words() == "L’assistance est fermée."


class TestClosures:
    @pytest.mark.parametrize(
        "language, support, reported",
        [
            ("fr", {}, "Fermée les jours fériés, du 15 juillet au 18 août et du 25 décembre au 1er janvier."),
            ("fr", {"holidays": ""}, "Fermée du 15 juillet au 18 août et du 25 décembre au 1er janvier."),
            ("fr", {"closures": []}, "Fermée les jours fériés."),
            ("fr", {"closures": [{"first": "05-01", "last": "05-01"}], "holidays": ""}, "Fermée le 1er mai."),
            ("fr", {"closures": [{"first": "02-29", "last": "02-29"}], "holidays": ""}, "Fermée le 29 février."),
            ("fr", {"closures": [], "holidays": ""}, ""),
            ("en", {}, "Closed on public holidays, from 15 July to 18 August and from 25 December to 1 January."),
        ],
    )
    def test_when_set_then_they_are_told_with_their_days(
        self, helpdesk_with, set_language, language, support, reported
    ):
        helpdesk = helpdesk_with(**support)
        set_language(language)

        assert plain(helpdesk.closures_in_words()) == reported


class TestPrice:
    @pytest.mark.parametrize(
        "price, reported",
        [
            ("standard", "appel non surtaxé"),
            ("service_free", "service gratuit + prix appel"),
            ("free", "service et appel gratuits"),
            ("", ""),
        ],
    )
    def test_when_set_then_it_has_the_words_of_the_law(self, helpdesk_with, price, reported):
        assert helpdesk_with(call_price=price).price_in_words() == reported


class TestHours:
    def test_when_asked_in_english_then_days_and_hours_have_its_form(self, helpdesk_with, set_language):
        helpdesk = helpdesk_with()
        set_language("en")

        assert helpdesk.in_words() == "Monday to Friday, from 8:30 to 12:30 and from 13:30 to 17:00"

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


SUBJECTS = {
    "Écrire à propos de « Retrouver mon compte »": "Retrouver mon compte",
    "Écrire à propos de « Réinitialiser mon mot de passe »": "Réinitialiser mon mot de passe",
    "Écrire à propos de « Modifier mon mot de passe »": "Modifier mon mot de passe",
    "Écrire à propos d’autre chose": "Autre chose",
}
"""Name of the link → subject of its mail."""
ASKED = (
    "Ce que je faisais et ce qui s’est passé, le plus précisément possible :",
    "Mes nom et prénom :",
    "Mon établissement ou mon service :",
    "Une adresse électronique que je peux lire :",
    "Un numéro où me joindre :",
)


def mails_of(page: Page) -> dict[str, dict[str, str]]:
    """The name of each link that opens a mail with a text → subject and text of that mail."""
    links = re.findall(r'<a href="mailto:[^"?]+\?([^"]+)">(.*?)</a>', page.source, re.DOTALL)
    return {
        plain(unescape(name)): {key: values[0] for key, values in parse_qs(unescape(query)).items()}
        for query, name in links
    }


class TestPage:
    def test_when_opened_then_it_says_whether_somebody_answers_now_and_when(self, browser):
        page = browser.open("/assistance")

        assert re.search(r"L’assistance est (ouverte jusqu’à|fermée. Elle rouvre)", page.main)
        assert "Du lundi au vendredi, de 8 h 30 à 12 h 30 et de 13 h 30 à 17 h." in page.main
        assert "du 15 juillet au 18 août et du 25 décembre au 1er janvier." in page.main
        assert "(appel non surtaxé)" in page.main

    def test_when_opened_then_it_says_what_to_write_and_what_never_to_write(self, browser):
        page = browser.open("/assistance")

        assert "le plus précisément possible" in page.main
        assert "une adresse électronique que vous pouvez lire" in page.main
        assert "un numéro où vous joindre" in page.main
        assert "N’indiquez jamais votre mot de passe, votre NUMEN ni votre date de naissance." in page.main

    def test_when_no_hours_are_set_then_none_are_shown_anywhere(self, open_browser):
        page = open_browser(support={"openings": []}).open("/assistance")

        assert "Horaires" not in page.main
        assert 'id="ouverture"' not in page.source
        assert "Assistance : 01 23 45 67 89 " in page.text

    @pytest.mark.parametrize("name, subject", SUBJECTS.items())
    def test_when_a_subject_is_chosen_then_its_mail_asks_for_all_that_is_needed_and_no_secret(
        self, browser, name, subject
    ):
        page = browser.open("/assistance")

        mail = mails_of(page)[name]

        lines = [plain(line) for line in mail["body"].split("\r\n")]
        assert plain(mail["subject"]) == f"Mon compte académique : {subject}"
        assert lines[0] == f"Ce que je voulais faire : {subject}"
        assert [line for line in ASKED if line not in lines] == []
        assert f"Référence : {page.answer.headers['X-Request-ID']}" in lines
        assert re.search(r"Heure : \d\d/\d\d/\d{4} à \d\d h \d\d", " ".join(lines))
        assert "ni mot de passe, ni NUMEN, ni date de naissance" in lines[-1]

    def test_when_opened_then_each_subject_has_one_link(self, browser):
        assert set(mails_of(browser.open("/assistance"))) == set(SUBJECTS)


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
