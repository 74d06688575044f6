"""Every mail as it leaves: its subject, its text and its HTML, in both languages."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.support.approved_text import assert_approved
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD
from tests.support.smtp_server import SmtpServer

HERE = Path(__file__).parent
TEMPLATES = Path(__file__).parents[2] / "templates" / "mail"
LOGIN, NEW = "fdurand4", "Nouveau-2025"
PRIVATE = "moi@exemple.org"
HELPDESK = "assistance@ac-example.fr"
TOLD = ("From", "To", "Subject", "Date", "Content-Language", "Auto-Submitted")
CHANGING = {r"\b[0-9a-f]{16}\b": "(reference)", r"\b\d{6}\b": "(code)"}
"""What is another one in each mail."""
NEEDED_TRIES = 10


@pytest.fixture(params=["fr", "en"])
def language(request):
    return request.param


@pytest.fixture
def open_gateway(directory, open_browser, mail_server, tmp_path, language):
    """Opens a browser before a gateway that sends mails to a person who reads that language."""
    directory.add_person(LOGIN, privateMail=PRIVATE, preferredLanguage=language)
    mails = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}
    # Above the directory's own limit, so that wrong passwords can lock the account.
    rates = {"per_login": "20/5 minutes"}
    return lambda **sections: open_browser(
        people={"private_mail": "privateMail"}, notifications=mails, rate_limits=rates, **sections
    )


@pytest.fixture
def notices(open_gateway, language):
    """What causes each mail, by the name of its template."""

    def locked():
        browser = open_gateway()
        for _ in range(NEEDED_TRIES):
            browser.change(LOGIN, "Certainement-Faux-1", NEW)

    def reset():
        browser = open_gateway()
        browser.choose(browser.prove(LOGIN), "Troisieme-2026!")

    def disputed():
        browser = open_gateway(web={"languages": [language]})
        result = browser.change(LOGIN, "Troisieme-2026!", "Quatrieme-2027!")
        browser.send(f"{result.path}/signaler", result)

    return {
        "changed": lambda: open_gateway().change(LOGIN, PASSWORD, NEW),
        "locked": locked,
        "reset": reset,
        "disputed": disputed,
        "restored": lambda: open_gateway(reset={"mode": "initial"}).prove(LOGIN),
        "code": lambda: open_gateway(second_factor={"methods": ["mail"]}).prove(LOGIN),
    }


class TestMails:
    def test_when_each_is_sent_then_it_says_what_was_approved(self, notices, mail_server, language):
        told = []
        for name, cause in notices.items():
            mail_server.mails.clear()
            cause()
            told.append(in_words(name, first_to(HELPDESK if name == "disputed" else PRIVATE, mail_server)))

        assert_approved("\n".join(told), HERE / f"mails.{language}.txt")

    def test_when_compared_with_the_templates_then_none_is_forgotten(self, notices):
        assert set(notices) == {file.stem for file in TEMPLATES.glob("*.txt")}


def first_to(address: str, server: SmtpServer) -> EmailMessage:
    """The first mail to `address`, as soon as it has come."""
    wait_until(lambda: any(mail["To"] == address for mail in server.mails))
    return next(mail for mail in server.mails if mail["To"] == address)


def in_words(name: str, mail: EmailMessage) -> str:
    text, page = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text
    assert page
    parts = [
        name,
        "=" * len(name),
        *(f"{header}: {mail[header]}" for header in TOLD),
        "",
        text.get_content(),
        "--- HTML",
        page.get_content(),
    ]
    words = "\n".join(parts).replace("\r\n", "\n")
    for pattern, instead in CHANGING.items():
        words = re.sub(pattern, instead, words)
    return words
