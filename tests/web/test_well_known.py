"""What programs and links rely on: /.well-known/, and ?login=."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.browser import CHANGE, FIND, RESET

CONTACT = "mailto:ssi@ac-example.fr"


class TestPasswordManager:
    def test_when_it_looks_for_the_change_page_then_it_is_sent_there(self, browser):
        answer = browser.client.get("/.well-known/change-password")

        assert (answer.status_code, answer.location) == (302, CHANGE)


class TestSecurityTxt:
    def test_when_a_contact_is_set_then_it_names_it_and_expires(self, open_browser):
        answer = open_browser(academy={"security_contact": CONTACT}).client.get("/.well-known/security.txt")

        reported = dict(line.split(": ", 1) for line in answer.text.splitlines())
        assert answer.content_type == "text/plain; charset=utf-8"
        assert reported["Contact"] == CONTACT
        assert reported["Preferred-Languages"] == "fr, en"
        now = datetime.now(UTC)
        assert now < datetime.fromisoformat(reported["Expires"]) < now + timedelta(days=365)

    def test_when_nobody_is_named_then_there_is_none(self, browser):
        assert browser.client.get("/.well-known/security.txt").status_code == 404


class TestForm:
    @pytest.mark.parametrize("path", [RESET, CHANGE])
    def test_when_a_link_names_the_login_then_it_is_filled_in(self, browser, path):
        page = browser.open(f"{path}?login=%20fdurand4%20")

        assert page.fields["login"] == "fdurand4"

    @pytest.mark.parametrize("login", ["", "%00x", "a%0Ab", "x" * 3000, "%22%3E%3Cscript%3E", "%EF%BF%BD"])
    @pytest.mark.parametrize("path", [RESET, CHANGE, FIND])
    def test_when_a_link_names_something_odd_then_it_is_shown_and_runs_nothing(self, browser, path, login):
        page = browser.open(f"{path}?login={login}")

        assert page.status == 200
        assert '"><script>' not in page.source
