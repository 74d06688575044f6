"""The helpdesk's phone number can be dialled wherever a page shows it, and mails have no link."""

from __future__ import annotations

import re

import pytest

from gateway.web.phone import tel_uri
from tests.support.browser import CHANGE, FIND
from tests.support.slapd_server import PASSWORD

NUMBER = "01\N{NO-BREAK SPACE}23\N{NO-BREAK SPACE}45\N{NO-BREAK SPACE}67\N{NO-BREAK SPACE}89"
LINK = f'<a href="tel:+33123456789">{NUMBER}</a>'


def bare_numbers(source: str) -> list[str]:
    """The lines that show the number without a link."""
    rest = re.sub(r'<a href="tel:[^>]*>[^<]*</a>', "", source)
    return [line for line in rest.splitlines() if re.search(r"01\s23\s45", line)]


class TestUri:
    @pytest.mark.parametrize(
        "phone, uri",
        [
            ("01 23 45 67 89", "tel:+33123456789"),
            ("01.23.45.67.89", "tel:+33123456789"),
            ("01 23 45 67 89 (poste 12)", "tel:+33123456789"),
            ("+33 (0)1 23 45 67 89", "tel:+33123456789"),
            ("0262 12 34 56", "tel:+262262123456"),
            ("0590 12 34 56", "tel:+590590123456"),
            # They cannot be called from abroad.
            ("0806 000 123", "tel:0806000123"),
            ("3646", "tel:3646"),
            ("voir l’intranet", ""),
        ],
    )
    def test_when_a_number_is_french_then_it_can_be_called_from_abroad_too(self, phone, uri):
        assert tel_uri(phone) == uri

    def test_when_the_academy_is_elsewhere_then_no_country_is_guessed(self):
        assert tel_uri("022 123 45 67", "CH") == "tel:0221234567"


class TestPages:
    @pytest.mark.parametrize(
        "path",
        [
            "/",
            FIND,
            CHANGE,
            "/assistance",
            "/questions-frequentes",
            "/accessibilite",
            "/donnees-personnelles",
            "/nowhere",
            "/resultat/AAAA",
        ],
    )
    @pytest.mark.parametrize("language", ["fr", "en"])
    def test_when_opened_then_each_number_is_a_link(self, browser, path, language):
        page = browser.open(f"{path}?langue={language}")

        assert LINK in page.source
        assert bare_numbers(page.source) == []

    def test_when_a_sentence_about_an_error_names_it_then_it_is_a_link(self, browser, durand):
        page = browser.change("fdurand4", "Certainement-Faux-1", "Nouveau-2025")

        assert page.source.count(LINK) > 1
        assert bare_numbers(page.source) == []

    def test_when_something_typed_is_shown_then_it_stays_escaped(self, open_browser, durand):
        browser = open_browser(support={"phone": "<b>01 23</b>"})

        page = browser.change("fdurand4", "Certainement-Faux-1", "Nouveau-2025")

        assert "<b>01" not in page.source
        assert "&lt;b&gt;01\N{NO-BREAK SPACE}23&lt;/b&gt;" in page.source

    def test_when_too_many_tries_were_made_then_the_number_is_a_link(self, open_browser, durand):
        browser = open_browser(rate_limits={"per_address": "1/minute"})
        browser.change("fdurand4", PASSWORD, "Nouveau-2025")

        page = browser.change("fdurand4", "Nouveau-2025", "Encore-Un-2026")

        assert LINK in page.source
        assert bare_numbers(page.source) == []
