"""A code to a private address or phone, between the proofs of a reset and the new password."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.notifications.errors import DeliveryFailed
from gateway.notifications.sms import SmsGateway
from gateway.tls import verifying_context
from tests.support.browser import RESET
from tests.support.http_server import QuietHandler, serving
from tests.support.matching import first_match
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
PRIVATE, PHONE = "moi@exemple.org", "0612345642"


@pytest.fixture
def phones():
    """An academy's service for text messages: its address, then (headers, message) of each."""
    taken: list[Any] = []

    class Hook(QuietHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((dict(self.headers), json.loads(body)))
            self.send_response(204)
            self.end_headers()

    with serving(Hook) as address:
        taken.append(f"{address}/sms")
        yield taken


@pytest.fixture
def open_site(open_browser, mail_server, tmp_path):
    def site(**second_factor):
        return open_browser(
            people={"private_mail": "privateMail", "phone": "mobile"},
            second_factor={"methods": ["mail"], **second_factor},
            notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        )

    return site


@pytest.fixture
def durand(directory):
    directory.add_person("fdurand4", privateMail=PRIVATE, mobile=PHONE)
    return directory


def code_in(mail_server):
    text = mail_server.to(PRIVATE).get_body(("plain",)).get_content()
    return first_match(r"\b\d{6}\b", text).group()


class TestServiceForTextMessages:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_when_it_redirects_then_neither_token_nor_code_goes_there(self, status):
        seen = []

        class Elsewhere(QuietHandler):
            def do_POST(self):
                seen.append(dict(self.headers))
                self.send_response(204)
                self.end_headers()

            do_GET = do_POST

        with serving(Elsewhere) as elsewhere:

            class Redirecting(QuietHandler):
                def do_POST(self):
                    self.rfile.read(int(self.headers["Content-Length"]))
                    self.send_response(status)
                    self.send_header("Location", f"{elsewhere}/taken")
                    self.end_headers()

            with serving(Redirecting) as address, pytest.raises(DeliveryFailed):
                SmsGateway(f"{address}/sms", "jeton-secret", 5, verifying_context()).send(PHONE, "code 123456")

        assert seen == []

    def test_when_the_environment_names_a_proxy_then_this_machine_is_reached_without_it(self, monkeypatch, phones):
        address = phones.pop(0)
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.delenv("no_proxy", raising=False)

        SmsGateway(address, "jeton-secret", 5, verifying_context()).send(PHONE, "code 123456")

        assert len(phones) == 1


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06}"


class TestCode:
    def test_when_right_then_the_password_can_be_chosen(self, durand, open_site, mail_server):
        browser = open_site()
        asked = browser.prove("fdurand4")
        assert "m•••@exemple.org" in asked.main
        assert PRIVATE not in asked.source

        page = browser.send(RESET, asked, code=code_in(mail_server))
        browser.choose(page, NEW)

        assert durand.binds("fdurand4", NEW)

    def test_when_it_is_asked_for_then_the_page_does_not_hold_it(self, durand, open_site, mail_server):
        asked = open_site().prove("fdurand4")

        assert code_in(mail_server) not in asked.source

    def test_when_wrong_five_times_then_the_reset_starts_again(self, durand, open_site, mail_server):
        browser = open_site()
        page = browser.prove("fdurand4")
        code = code_in(mail_server)
        for left in (4, 3, 2, 1):
            page = browser.send(RESET, page, code=wrong(code))
            assert f"Essais restants : {left}" in page.text
        last = page
        page = browser.send(RESET, page, code=wrong(code))

        assert "Recommencez depuis le début" in page.main
        assert "a déjà été utilisé" in browser.send(RESET, last, code=code).main

    def test_when_a_wrong_try_is_taken_back_then_it_counts_all_the_same(self, durand, open_site, mail_server):
        """The browser's Back brings the old form and its ticket again."""
        browser = open_site()
        first = browser.prove("fdurand4")
        code = code_in(mail_server)
        browser.send(RESET, first, code=wrong(code))

        assert "a déjà été utilisé" in browser.send(RESET, first, code=code).main

    def test_when_its_ticket_is_used_to_choose_then_it_opens_nothing(self, durand, open_site):
        browser = open_site()
        page = browser.prove("fdurand4")

        skipped = browser.post(
            RESET,
            {
                "csrf_token": page.fields["csrf_token"],
                "ticket": page.fields["ticket"],
                "new_password": NEW,
                "confirmation": NEW,
            },
        )

        assert "Recommencez" in skipped.main
        assert durand.binds("fdurand4", PASSWORD)

    def test_when_blanks_are_typed_between_then_it_counts(self, durand, open_site, mail_server):
        browser = open_site()
        page = browser.prove("fdurand4")
        code = code_in(mail_server)

        assert "Choisir un nouveau" in browser.send(RESET, page, code=f" {code[:3]} {code[3:]} ").main

    def test_when_a_phone_is_preferred_then_the_academys_service_gets_it(self, durand, open_site, phones):
        browser = open_site(methods=["phone", "mail"], sms_gateway_url=phones[0], sms_gateway_token="jeton-secret")
        choice = browser.prove("fdurand4")
        page = browser.send(RESET, choice, channel="0")
        headers, message = phones[1]
        code = first_match(r"\b\d{6}\b", message["text"]).group()

        assert message["to"] == PHONE
        assert headers["Authorization"] == "Bearer jeton-secret"
        assert "42" in page.main
        assert "Choisir un nouveau" in browser.send(RESET, page, code=code).main

    def test_when_the_phones_service_is_down_then_that_is_said_and_another_way_can_be_taken(
        self, durand, open_site, mail_server
    ):
        browser = open_site(methods=["phone", "mail"], sms_gateway_url="http://127.0.0.1:9/")

        failed = browser.send(RESET, browser.prove("fdurand4"), channel="0")
        page = browser.send(RESET, failed, channel="1")

        assert "n’a pas pu être envoyé" in failed.main
        assert "m•••@exemple.org" in page.main
        assert code_in(mail_server)

    def test_when_it_can_not_be_sent_then_the_page_says_so_and_nothing_lies_in_a_file(
        self, durand, open_site, mail_server, tmp_path
    ):
        mail_server.stop()

        page = open_site().prove("fdurand4")

        assert "n’a pas pu être envoyé" in page.main
        assert list((tmp_path / "mails" / "new").iterdir()) == []

    @pytest.mark.parametrize(
        "without, reported", [("allow", "Choisir un nouveau"), ("refuse", "appelez l’assistance")]
    )
    def test_when_the_directory_has_no_private_address_then_the_setting_decides(
        self, directory, open_site, without, reported
    ):
        directory.add_person("fdurand4")

        assert reported in open_site(if_none_known=without).prove("fdurand4").main

    def test_when_the_proofs_are_wrong_then_nothing_is_sent(self, durand, open_site, mail_server):
        open_site().prove("fdurand4", "12E8534567AAA")

        assert mail_server.mails == []
