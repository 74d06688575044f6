"""The button "somebody else used my account" in a real browser, with and without JavaScript."""

from __future__ import annotations

import pytest

from tests.support.accessibility import problems_of
from tests.support.browser import CHANGE, RESET
from tests.support.page_actions import change, choose, fill, send
from tests.support.slapd_server import NUMEN, PASSWORD

LOGIN, NEW, OTHER = "fdurand4", "Nouveau-2025", "Encore-Autre-2026"
REPORT = "main form.dispute button"


@pytest.fixture
def address(directory, serve, mail_server, tmp_path):
    directory.add_person(LOGIN)
    mails = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}
    return serve(notifications=mails)


@pytest.mark.parametrize("locale", ["fr", "en"])
class TestPages:
    def test_when_a_result_is_disputed_then_nothing_is_wrong_with_the_pages(self, address, open_page, locale):
        page = open_page(locale=locale)
        change(page, address + CHANGE, PASSWORD, NEW)
        assert problems_of(page, "dispute-result") == []

        page.click(REPORT)

        page.wait_for_selector("main .alert-success")
        assert problems_of(page, "dispute-reported") == []

    def test_when_somebody_comes_from_the_help_then_nothing_is_wrong_with_the_pages(self, address, open_page, locale):
        page = open_page(locale=locale)
        page.goto(address + "/assistance")
        assert problems_of(page, "dispute-help") == []

        page.click("#signaler ~ p a.btn")

        page.wait_for_selector("main .alert-warning")
        assert problems_of(page, "dispute-reset") == []


@pytest.mark.parametrize("runs_scripts", [True, False])
class TestWay:
    def test_when_a_result_is_disputed_then_the_person_sets_another_password(
        self, address, open_page, directory, mail_server, runs_scripts
    ):
        page = open_page(locale="fr", java_script_enabled=runs_scripts)
        change(page, address + CHANGE, PASSWORD, NEW)

        page.click(REPORT)
        page.wait_for_selector("main .alert-success")
        assert page.input_value("[name=login]") == LOGIN
        fill(page, proof=NUMEN, birth_date="27/03/1985")
        send(page)
        choose(page, OTHER)

        page.wait_for_selector("#resultat")
        assert directory.binds(LOGIN, OTHER)
        assert mail_server.to("assistance@ac-example.fr")

    def test_when_somebody_goes_back_after_it_then_nothing_is_sent_again(self, address, open_page, runs_scripts):
        page = open_page(locale="fr", java_script_enabled=runs_scripts)
        change(page, address + CHANGE, PASSWORD, NEW)
        page.click(REPORT)
        page.wait_for_selector("main .alert-success")

        page.go_back()
        page.wait_for_selector(REPORT)
        page.go_forward()

        page.wait_for_selector("main .alert-success")
        assert page.url == f"{address}{RESET}/suite"
