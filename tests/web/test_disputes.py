"""The button "somebody else used my account": on the page of a result, and for those who come from a mail."""

from __future__ import annotations

import json
import re

import pytest

from gateway.app import create_app
from tests.support.browser import RESET, Browser
from tests.support.helpdesk import give_code, helpdesk_of
from tests.support.slapd_server import NUMEN, PASSWORD

LOGIN, NEW, OTHER = "fdurand4", "Nouveau-2025", "Encore-Autre-2026"
HELPDESK = "assistance@ac-example.fr"
FROM_HELP = f"{RESET}?signalement=1"
BUTTON = "Quelqu’un d’autre a utilisé mon compte"
TAKEN_UP = "Vous signalez que quelqu’un d’autre a utilisé votre compte"


@pytest.fixture
def person(directory):
    return directory.add_person(LOGIN)


@pytest.fixture
def open_site(person, open_browser, mail_server, tmp_path):
    """Opens a browser before a gateway that sends mails and has an audit."""
    mails = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}

    def opener(**sections):
        known = {"notifications": mails, "audit": {"destination": "file", "file": tmp_path / "audit.log"}}
        return open_browser(**{**known, **sections})

    return opener


@pytest.fixture
def browser(open_site):
    return open_site()


@pytest.fixture
def reports(tmp_path):
    """The lines of the audit about reports."""

    def read(service="dispute"):
        lines = [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]
        return [line for line in lines if line["service"] == service]

    return read


def press(browser, result):
    """Press the button of a page with a result."""
    return browser.send(f"{result.path}/signaler", result)


def to_helpdesk(mail_server):
    return [mail for mail in mail_server.mails if mail["To"] == HELPDESK]


class TestResult:
    def test_when_the_button_is_pressed_then_a_reset_begins_and_the_audit_and_the_helpdesk_have_the_report(
        self, browser, mail_server, reports
    ):
        result = browser.change(LOGIN, PASSWORD, NEW)
        assert BUTTON in result.main

        page = press(browser, result)

        assert page.path == f"{RESET}/suite"
        assert "Votre signalement est enregistré" in page.main
        assert "L’assistance est prévenue" in page.main
        assert page.fields["login"] == LOGIN
        [line] = reports()
        assert (line["outcome"], line["login"]) == ("disputed", LOGIN)
        mail = mail_server.to(HELPDESK)
        text = mail.get_body(("plain",)).get_content()
        assert LOGIN in mail["Subject"]
        assert line["request"] in text
        assert "http" not in text

    def test_when_it_is_sent_then_the_answer_is_a_redirect(self, browser):
        result = browser.change(LOGIN, PASSWORD, NEW)

        answer = browser.client.post(f"{result.path}/signaler", data=result.fields)

        assert answer.status_code == 303
        assert answer.headers["Location"] == f"{RESET}/suite"

    def test_when_the_reset_that_follows_is_done_then_it_is_one_report(self, browser, directory, reports):
        page = press(browser, browser.change(LOGIN, PASSWORD, NEW))

        proved = browser.send(RESET, page, proof=NUMEN, birth_date="27/03/1985")
        browser.choose(proved, OTHER)

        assert directory.binds(LOGIN, OTHER)
        assert len(reports()) == 1

    def test_when_it_is_pressed_twice_then_the_helpdesk_gets_one_mail(self, browser, mail_server, reports):
        result = browser.change(LOGIN, PASSWORD, NEW)
        press(browser, result)

        page = press(browser, browser.open(result.path))

        assert "Votre signalement est enregistré" in page.main
        assert len(reports()) == 1
        mail_server.to(HELPDESK)
        assert len(to_helpdesk(mail_server)) == 1

    def test_when_another_site_sends_it_then_nothing_is_recorded(self, browser, reports):
        result = browser.change(LOGIN, PASSWORD, NEW)

        page = browser.post(f"{result.path}/signaler", {})

        assert page.status == 400
        assert reports() == []

    def test_when_the_ticket_is_none_of_ours_then_the_report_waits_for_a_reset(self, browser, reports):
        result = browser.change(LOGIN, PASSWORD, NEW)

        page = browser.post("/resultat/AAAA/signaler", result.fields)

        assert TAKEN_UP in page.main
        assert reports() == []

    def test_when_there_is_no_mail_server_then_the_page_asks_the_person_to_call(self, person, open_browser):
        browser = open_browser()

        page = press(browser, browser.change(LOGIN, PASSWORD, NEW))

        assert "Appelez-la aussi" in page.main
        assert "est prévenue" not in page.main

    def test_when_too_many_reports_come_then_the_next_one_must_wait(self, open_site, reports, directory):
        directory.add_person("pmartin2")
        browser = open_site(rate_limits={"per_address": "1/hour"})
        result = browser.change(LOGIN, PASSWORD, NEW)
        press(browser, result)

        page = press(browser, result)

        assert page.status == 429
        assert [line["outcome"] for line in reports()] == ["disputed", "rate_limited"]


class TestCodes:
    def test_when_a_code_of_the_helpdesk_is_open_then_it_opens_nothing_any_more(
        self, directory, build, person, mail_server, tmp_path, reports
    ):
        mails = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}
        audit = {"destination": "file", "file": tmp_path / "audit.log"}
        site = build(helpdesk=helpdesk_of(directory), notifications=mails, audit=audit)
        browser = Browser(create_app(site))
        result = browser.change(LOGIN, PASSWORD, NEW)
        code = give_code(site, LOGIN)

        press(browser, result)

        assert "mamiaResetCode" not in directory.read(LOGIN)
        assert "ticket" not in browser.prove(LOGIN, code).fields
        assert reports()[-1]["codes"] == "closed"
        assert reports("helpdesk")[-1]["outcome"] == "code_closed"
        assert "Il est fermé" in mail_server.to(HELPDESK).get_body(("plain",)).get_content()

    def test_when_the_directory_is_down_then_the_report_is_taken_and_says_that_codes_may_be_open(
        self, directory, build, person, tmp_path, reports
    ):
        audit = {"destination": "file", "file": tmp_path / "audit.log"}
        browser = Browser(create_app(build(helpdesk=helpdesk_of(directory), audit=audit)))
        result = browser.change(LOGIN, PASSWORD, NEW)
        directory.kill()

        page = press(browser, result)

        assert "Votre signalement est enregistré" in page.main
        assert reports()[-1]["codes"] == "failed"


class TestFromAMail:
    def test_when_somebody_comes_from_the_help_then_the_reset_that_succeeds_is_the_report(
        self, browser, directory, reports, mail_server
    ):
        assert BUTTON in browser.open("/assistance").main
        assert FROM_HELP in browser.open("/assistance").source

        first = browser.open(FROM_HELP)
        assert TAKEN_UP in first.main
        proved = browser.send(RESET, first, login=LOGIN, proof=NUMEN, birth_date="27/03/1985")
        assert reports() == []
        browser.choose(proved, NEW)

        assert directory.binds(LOGIN, NEW)
        [line] = reports()
        assert (line["outcome"], line["login"]) == ("disputed", LOGIN)
        assert mail_server.to(HELPDESK)

    def test_when_an_answer_was_wrong_before_then_the_report_is_not_forgotten(self, browser, reports):
        first = browser.open(FROM_HELP)
        wrong = browser.send(RESET, first, login=LOGIN, proof="12E8534567ABD", birth_date="27/03/1985")
        assert TAKEN_UP in wrong.main

        browser.choose(browser.send(RESET, wrong, proof=NUMEN), NEW)

        assert len(reports()) == 1

    def test_when_the_initial_password_is_restored_then_it_is_a_report_too(self, open_site, reports):
        browser = open_site(reset={"mode": "initial"})

        browser.send(RESET, browser.open(FROM_HELP), login=LOGIN, proof=NUMEN, birth_date="27/03/1985")

        assert len(reports()) == 1

    def test_when_somebody_proves_nothing_then_nobody_learns_anything_and_nothing_is_recorded(
        self, browser, reports, mail_server
    ):
        answers = [
            browser.send(RESET, browser.open(FROM_HELP), login=login, proof="12E8534567ABD", birth_date="27/03/1985")
            for login in (LOGIN, "nobody9")
        ]

        told = {re.sub(rf"{LOGIN}|nobody9", "LOGIN", page.main) for page in answers}
        assert len(told) == 1
        assert {page.status for page in answers} == {422}
        assert reports() == []
        assert to_helpdesk(mail_server) == []

    def test_when_a_reset_is_an_ordinary_one_then_it_is_no_report(self, browser, reports, mail_server):
        browser.choose(browser.prove(LOGIN), NEW)

        mail = mail_server.to(f"{LOGIN}@ac-example.fr")
        assert to_helpdesk(mail_server) == []
        assert reports() == []
        text = re.sub(r"\s+", " ", mail.get_body(("plain",)).get_content())
        assert f"choisissez « {BUTTON} »".replace(" ", " ") in text.replace("\xa0", " ").replace("\u202f", " ")
