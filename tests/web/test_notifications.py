"""Mails after a change, a reset or a lock-out: to every address of the person, and never in anybody's way."""

from __future__ import annotations

import re
import socket
import time
from datetime import UTC, datetime

import pytest
from flask import render_template

from gateway.notifications import spool
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.slapd_server import NUMEN, PASSWORD

NEW = "Nouveau-2025"


@pytest.fixture
def browser(directory, open_browser, mail_server, tmp_path):
    directory.add_person("fdurand4", privateMail="moi@exemple.org")
    return open_browser(
        people={"private_mail": "privateMail"},
        notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        # Above the directory's own limit, so that wrong passwords from here can lock the account.
        rate_limits={"per_login": "11/5 minutes"},
    )


class TestReset:
    def test_when_done_then_the_mail_speaks_of_a_reset(self, browser, mail_server):
        browser.choose(browser.prove("fdurand4"), NEW)

        mail = mail_server.to("fdurand4@ac-example.fr")
        assert "réinitialisé" in mail["Subject"]
        assert NUMEN not in mail.as_string()


class TestChange:
    @pytest.mark.parametrize("address", ["fdurand4@ac-example.fr", "moi@exemple.org"])
    def test_when_done_then_every_address_is_notified_in_text_and_html(self, browser, mail_server, address):
        browser.change("fdurand4", PASSWORD, NEW)

        mail = mail_server.to(address)
        assert mail["Subject"] == "Votre mot de passe a été modifié"
        assert mail["Auto-Submitted"] == "auto-generated"
        for kind in ("plain", "html"):
            text = mail.get_body((kind,)).get_content()
            assert "fdurand4" in text
            assert "01\u00a023\u00a045\u00a067\u00a089" in text
            assert "http" not in text
            assert NEW not in text

    def test_when_wrong_passwords_lock_the_account_then_its_owner_is_notified_once(
        self, browser, mail_server, directory
    ):
        for _ in range(10):
            browser.change("fdurand4", "Certainement-Faux-1", NEW)

        mail = mail_server.to("fdurand4@ac-example.fr")
        assert "bloqué" in mail["Subject"]
        assert "pwdAccountLockedTime" in directory.read("fdurand4")

    def test_when_it_is_refused_then_nobody_is_informed(self, browser, mail_server, tmp_path):
        browser.change("fdurand4", "wrong", NEW)
        browser.change("unknown", "wrong", NEW)

        # What had been queued would come before or together with these.
        browser.change("fdurand4", PASSWORD, NEW)
        wait_until(lambda: len(mail_server.mails) >= 2)
        wait_until(lambda: not any((tmp_path / "mails" / "new").iterdir()))
        assert {mail["Subject"] for mail in mail_server.mails} == {"Votre mot de passe a été modifié"}
        assert len(mail_server.mails) == 2

    def test_when_the_mail_server_is_dead_then_it_takes_no_longer_and_the_mail_comes_later(
        self, browser, mail_server, monkeypatch
    ):
        monkeypatch.setattr(spool, "FIRST_PAUSE_SECONDS", 0.1)
        mail_server.stop()
        # It takes connections and never says a word; whoever waits for it does so for longer than AT_ONCE_SECONDS.
        with socket.create_server(("127.0.0.1", mail_server.port)):
            started = time.monotonic()
            page = browser.change("fdurand4", PASSWORD, NEW)
            taken = time.monotonic() - started
        mail_server.start()

        assert "est modifié" in page.main
        assert taken < AT_ONCE_SECONDS
        assert mail_server.to("fdurand4@ac-example.fr")


def words(mail):
    return re.sub(r"\s+", " ", mail.get_body(("plain",)).get_content())


class TestTexts:
    @pytest.mark.parametrize(
        "language, devices, closed",
        [
            (
                "fr",
                "Si c’est vous, remplacez l’ancien mot de passe dans votre téléphone et votre logiciel de messagerie",
                "Elle est fermée ? Ouvrez vous-même le site de l’académie, puis la page « Assistance », et",
            ),
            (
                "en",
                "If it was you, replace the old password in your phone and your mail program",
                "Is it closed? Open the site of the academy yourself, then “Help”, and choose “Somebody else used my",
            ),
        ],
    )
    @pytest.mark.parametrize("service", ["change", "reset"])
    def test_when_a_password_was_saved_then_the_mail_says_what_to_do_also_while_the_helpdesk_is_closed(
        self, browser, mail_server, directory, service, language, devices, closed
    ):
        directory.set("fdurand4", "preferredLanguage", language)

        if service == "change":
            browser.change("fdurand4", PASSWORD, NEW)
        else:
            browser.choose(browser.prove("fdurand4"), NEW)

        text = words(mail_server.to("fdurand4@ac-example.fr"))
        assert devices in text
        assert closed in text
        assert "rien à faire" not in text
        assert "nothing to do" not in text

    @pytest.mark.parametrize(
        "notice, closed",
        [
            ("restored", "Elle est fermée ? Modifiez vous-même le mot de passe sur le site de l’académie."),
            (
                "locked",
                "Elle est fermée ? Réinitialisez vous-même le mot de passe sur le site de l’académie : cela débloque",
            ),
            (
                "code",
                "Elle est fermée ? Ne donnez ce code à personne : sans lui, votre mot de passe ne peut pas être ",
            ),
        ],
    )
    def test_when_something_else_is_told_then_it_says_too_what_to_do_while_the_helpdesk_is_closed(
        self, browser, notice, closed
    ):
        text = mail_text(browser, notice)

        assert "appelez" in text
        assert closed in text

    @pytest.mark.parametrize("notice", ["changed", "reset", "restored", "locked", "code"])
    def test_when_no_hours_are_set_then_no_empty_ones_are_told(self, open_browser, notice):
        text = mail_text(open_browser(support={"openings": []}), notice)

        assert "01 23 45 67 89" in text
        assert "()" not in text


def mail_text(browser, notice):
    """The text of a mail, as the service renders it for somebody who reads French."""
    facts = {"now": datetime.now(UTC), "reference": "c0ffee", "login": "fdurand4", "code": "123456", "minutes": 10}
    with browser.app.test_request_context(headers={"Accept-Language": "fr"}):
        return re.sub(r"\s+", " ", render_template(f"mail/{notice}.txt", **facts))


class TestMail:
    def test_when_the_service_restarts_before_it_is_sent_then_the_next_one_sends_it(
        self, directory, open_browser, mail_server, tmp_path, build
    ):
        directory.add_person("fdurand4")
        notices = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}
        mail_server.stop()
        open_browser(notifications=notices).change("fdurand4", PASSWORD, NEW)
        mail_server.start()

        build(notifications=notices).start()

        assert mail_server.to("fdurand4@ac-example.fr")

    def test_when_the_server_says_later_then_it_is_sent_later_and_once(self, browser, mail_server, monkeypatch):
        monkeypatch.setattr(spool, "FIRST_PAUSE_SECONDS", 0.1)
        mail_server.replies = ["451 later", "451 later"]
        browser.change("fdurand4", PASSWORD, NEW)

        assert mail_server.to("fdurand4@ac-example.fr")
        assert mail_server.to("moi@exemple.org")

    def test_when_the_server_refuses_it_for_good_then_it_is_dropped_and_the_next_one_goes(
        self, browser, mail_server, tmp_path, caplog
    ):
        mail_server.replies = ["554 no"]
        browser.change("fdurand4", PASSWORD, NEW)

        wait_until(lambda: len(mail_server.mails) == 1 and not list((tmp_path / "mails" / "new").iterdir()))
        assert "refused permanently" in caplog.text

    def test_when_the_address_is_none_then_the_change_counts_all_the_same(self, directory, open_browser, tmp_path):
        directory.add_person("fdurand4", mail="no address at all")
        browser = open_browser(notifications={"spool": tmp_path / "mails", "smtp_host": ""})

        assert "est modifié" in browser.change("fdurand4", PASSWORD, NEW).main
        assert list((tmp_path / "mails" / "new").iterdir()) == []


class TestSpool:
    def test_when_made_then_only_its_owner_reads_it(self, browser, tmp_path):
        assert (tmp_path / "mails").stat().st_mode & 0o077 == 0
