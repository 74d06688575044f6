"""Every mail as it leaves: its subject, its text and its HTML, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache, partial
from pathlib import Path

import pytest

from gateway.account.model import Person
from gateway.account.reminders import Reminder, ReminderKind, Standing
from gateway.app import create_mail_app
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.spool import Spool
from gateway.services.ports import Channel
from gateway.services.reminders import Done, Due, ReminderOutcome
from gateway.settings import Settings
from gateway.web.notifications import TemplateNotifications
from gateway.web.reminder_mails import TemplateReminderMails
from tests.support.approved_text import assert_approved
from tests.support.gateway_settings import settings_for
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
REFERENCE = "0123456789abcdef"
OF_AGENTS = (
    "unlocked", "change_forced", "delivery_retried", "delivery_forgotten", "code_requested", "code_approved",
    "code_given", "code_closed",
)  # fmt: skip
"""What an agent of the helpdesk did; `tests/agents/` causes each one."""
OF_METHODS = ("recovery_added", "recovery_removed")
"""What happened to a recovery method; `tests/web/test_recovery_page.py` causes each one."""
CODES = ("agent_code", "recovery_code")
CHANGED_AT = datetime(2025, 3, 17, 9, 0, tzinfo=UTC)
EXPIRES_AT = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)
OUTCOMES = (
    ReminderOutcome.REMINDED, ReminderOutcome.REMINDED, ReminderOutcome.NO_ADDRESS, ReminderOutcome.NOT_SPOOLED,
)  # fmt: skip


@pytest.fixture
def sending(mail_server, tmp_path):
    """Settings of a site that sends mails."""
    spool = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}
    return {"notifications": spool, "people": {"private_mail": "privateMail"}}


@pytest.fixture
def open_gateway(directory, open_browser, sending, language):
    """Opens a browser before a gateway that sends mails to a person who reads that language."""
    directory.add_person(LOGIN, privateMail=PRIVATE, preferredLanguage=language)
    # Above the directory's own limit, so that wrong passwords can lock the account.
    rates = {"per_login": "20/5 minutes"}
    return lambda **sections: open_browser(**sending, rate_limits=rates, **sections)


@pytest.fixture
def written(directory, sending, language):
    """What writes each mail whose cause is tested elsewhere."""

    def told(name, **facts):
        with templates_of(settings_for(directory, **sending)) as (templates, _):
            templates.notify(name, due(language, 0).standing.person, REFERENCE, **facts)

    def sent(name):
        with templates_of(settings_for(directory, **sending)) as (templates, _):
            templates.send_code(Channel("mail", PRIVATE, language), "123456", LOGIN, REFERENCE, mail=name)

    return {
        **{name: partial(told, name) for name in OF_AGENTS},
        **{name: partial(told, name, kind="totp", ready_at=EXPIRES_AT) for name in OF_METHODS},
        "passkey_copied": partial(told, "passkey_copied"),
        "recovery_erased": partial(told, "recovery_erased"),
        "recovery_dropped": partial(told, "recovery_dropped", kinds=["mail", "totp"]),
        **{name: partial(sent, name) for name in CODES},
    }


@pytest.fixture
def notices(open_gateway, mail_server, directory, sending, language, written):
    """What causes each mail, by the name of its template."""
    site = cache(open_gateway)

    def locked():
        for _ in range(NEEDED_TRIES):
            site().change(LOGIN, "Certainement-Faux-1", NEW)

    def reset():
        site().choose(site().prove(LOGIN), "Troisieme-2026!")

    def reminded(name, kind=ReminderKind.EXPIRES):
        settings = settings_for(directory, **sending, reminders={"digest_to": PRIVATE})
        if name == "digest":
            settings = settings.model_copy(update={"web": settings.web.model_copy(update={"languages": [language]})})
        with mails_of(settings) as mails:
            done = [Done(due(language, number, kind), outcome) for number, outcome in enumerate(OUTCOMES)]
            if name == "digest":
                mails.send_digest(done, "mamia-digest")
            else:
                mails.remind(done[0].due, "mamia-reminder")

    def disputed():
        browser = open_gateway(web={"languages": [language]})
        result = browser.change(LOGIN, "Troisieme-2026!", "Quatrieme-2027!")
        browser.send(f"{result.path}/signaler", result)
        # The mail about the change is on its way too, and is not to be taken for that of the next cause.
        first_to(PRIVATE, mail_server)

    return {
        "expires": lambda: reminded("expires"),
        "initial": lambda: reminded("initial", ReminderKind.INITIAL),
        "digest": lambda: reminded("digest"),
        "changed": lambda: site().change(LOGIN, PASSWORD, NEW),
        "locked": locked,
        "reset": reset,
        "disputed": disputed,
        "restored": lambda: open_gateway(reset={"mode": "initial"}).prove(LOGIN),
        "code": lambda: open_gateway(second_factor={"methods": ["mail"]}).prove(LOGIN),
        **written,
    }


def due(language: str, number: int, kind: ReminderKind = ReminderKind.EXPIRES) -> Due:
    """Somebody whose password ends in a week; the first one has the login of the other mails."""
    login = f"{LOGIN[:-1]}{4 + number}"
    person = Person(login, ("Durand",), (), ("François",), PRIVATE, False, preferred_language=language)
    standing = Standing("", str(number), person, CHANGED_AT, EXPIRES_AT)
    return Due(standing, Reminder(kind, 7 if kind is ReminderKind.EXPIRES else 0, "20250317090000Z", 7))


@contextmanager
def templates_of(settings: Settings) -> Iterator[tuple[TemplateNotifications, Spool]]:
    """What writes mails, and the spool in which they wait; at the end it sends them, as `mamia serve` does."""
    folder = settings.notifications.spool
    assert folder
    spool = Spool(settings.notifications, folder)
    with create_mail_app(settings).app_context():
        yield TemplateNotifications(settings, spool, None, BackgroundTasks()), spool
    spool.start()
    wait_until(lambda: not list((folder / "new").iterdir()))
    spool.close()


@contextmanager
def mails_of(settings: Settings) -> Iterator[TemplateReminderMails]:
    """What `mamia remind` writes its mails with."""
    with templates_of(settings) as (templates, spool):
        yield TemplateReminderMails(settings, spool, templates)


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
