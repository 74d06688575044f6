"""Where the code of a reset goes: the person chooses, may ask for another one, and nobody's phone is flooded."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.browser import RESET
from tests.support.http_server import QuietHandler, serving
from tests.support.matching import first_match
from tests.support.slapd_server import PASSWORD

PRIVATE = "moi@exemple.org"
MOBILE, LANDLINE = "06 12 34 56 42", "01 23 45 67 17"
CHOOSE = "Choisir un nouveau"
LIMITED = "plus aucun code n’est envoyé"


@pytest.fixture
def messages():
    """What the academy's service for text messages was sent."""
    taken = []

    class Service(QuietHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

    with serving(Service) as address:
        taken.append(address)
        yield taken


@pytest.fixture
def durand(directory):
    return directory.add_person("fdurand4", privateMail=PRIVATE, mobile=[MOBILE, LANDLINE])


@pytest.fixture
def open_site(open_browser, mail_server, tmp_path, messages):
    service = messages.pop()

    def site(*ways, **rate_limits):
        return open_browser(
            people={"private_mail": "privateMail", "phone": "mobile"},
            second_factor={"methods": ways or ("phone", "mail"), "sms_gateway_url": service},
            notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
            rate_limits={
                **dict.fromkeys(("per_login_reset", "per_proof", "per_address"), "1000/minute"),
                **rate_limits,
            },
        )

    return site


def code_of(message):
    return first_match(r"\b\d{6}\b", message["text"]).group()


def mailed_code(mail_server):
    return first_match(r"\b\d{6}\b", mail_server.to(PRIVATE).get_body(("plain",)).get_content()).group()


class TestChannel:
    @pytest.mark.parametrize(("channel", "recipient"), [("0", MOBILE), ("1", LANDLINE)])
    def test_when_a_phone_is_chosen_then_the_code_goes_there_alone(
        self, durand, open_site, messages, mail_server, channel, recipient
    ):
        browser = open_site()
        choice = browser.prove(durand)
        masked_order = re.findall(r"•• (\d\d)\b", choice.main)
        wanted = str(masked_order.index(recipient[-2:]))

        page = browser.send(RESET, choice, channel=wanted)

        assert [message["to"] for message in messages] == [recipient]
        assert mail_server.mails == []
        assert CHOOSE in browser.send(RESET, page, code=code_of(messages[0])).main

    def test_when_mail_is_chosen_then_no_text_message_is_paid_for(self, durand, open_site, messages, mail_server):
        browser = open_site()

        page = browser.send(RESET, browser.prove(durand), channel="2")

        assert messages == []
        assert CHOOSE in browser.send(RESET, page, code=mailed_code(mail_server)).main

    def test_when_there_is_one_alone_then_the_code_is_sent_at_once(self, directory, open_site, mail_server):
        directory.add_person("fdurand4", privateMail=PRIVATE)

        page = open_site().prove("fdurand4")

        assert "code" in page.fields
        assert mailed_code(mail_server)

    @pytest.mark.parametrize("channel", ["", "7", "-1", "x", "99"])
    def test_when_none_of_those_offered_is_sent_then_the_form_asks_again(self, durand, open_site, messages, channel):
        browser = open_site()
        choice = browser.prove(durand)

        page = browser.send(RESET, choice, channel=channel)

        assert page.status == 422
        assert messages == []
        assert browser.send(RESET, page, channel="0").status == 200


class TestCode:
    def test_when_another_one_is_asked_for_then_it_counts_and_the_first_does_not(self, durand, open_site, messages):
        browser = open_site()
        first = browser.send(RESET, browser.prove(durand), channel="0")
        second = browser.send(RESET, first, channel="0", code="")
        old, new = map(code_of, messages)

        refused = browser.send(RESET, second, code=old if old != new else "000000x")

        assert "Essais restants" in refused.text
        assert CHOOSE in browser.send(RESET, refused, code=new).main

    def test_when_another_way_is_asked_for_then_the_code_goes_there(self, durand, open_site, messages, mail_server):
        browser = open_site()
        page = browser.send(RESET, browser.prove(durand), channel="1")

        page = browser.send(RESET, page, channel="2")

        assert len(messages) == 1
        assert CHOOSE in browser.send(RESET, page, code=mailed_code(mail_server)).main

    def test_when_none_was_sent_yet_then_an_empty_one_opens_nothing(self, durand, open_site, directory):
        browser = open_site()
        choice = browser.prove(durand)

        for code in ("", " ", "000000"):
            sent = {"csrf_token": choice.fields["csrf_token"], "ticket": choice.fields["ticket"], "code": code}
            assert CHOOSE not in browser.post(RESET, sent).main
        assert directory.binds(durand, PASSWORD)


class TestCodes:
    def test_when_one_person_asks_for_too_many_then_no_more_are_sent_and_the_last_still_serves(
        self, durand, open_site, messages
    ):
        browser = open_site(codes_per_person="2/day", codes_per_recipient="100/day")
        page = browser.send(RESET, browser.prove(durand), channel="0")
        page = browser.send(RESET, page, channel="1")

        limited = browser.send(RESET, page, channel="0")

        assert limited.status == 429
        assert LIMITED in limited.main
        assert len(messages) == 2
        assert CHOOSE in browser.send(RESET, limited, code=code_of(messages[-1])).main

    def test_when_resets_begin_anew_again_and_again_then_the_count_goes_on(self, durand, open_site, messages):
        browser = open_site(codes_per_person="2/day")
        for _ in range(4):
            browser.send(RESET, browser.prove(durand), channel="0")

        assert len(messages) == 2

    def test_when_many_people_have_one_phone_then_it_gets_no_more_than_its_own_limit(
        self, directory, open_site, messages
    ):
        browser = open_site("phone", codes_per_recipient="3/day")
        spellings = [MOBILE, "0612345642", "+33 6 12 34 56 42", "+33612345642", "06.12.34.56.42"]
        for number, phone in enumerate(spellings):
            browser.prove(directory.add_person(f"person{number}", mobile=phone))

        assert len(messages) == 3


class TestTextMessages:
    def test_when_all_together_are_too_many_then_mail_still_goes(self, durand, open_site, messages, mail_server):
        browser = open_site(text_messages_overall="1/day", codes_per_person="100/day")
        page = browser.send(RESET, browser.prove(durand), channel="0")
        limited = browser.send(RESET, page, channel="1")

        browser.send(RESET, limited, channel="2")

        assert LIMITED in limited.main
        assert len(messages) == 1
        assert mailed_code(mail_server)


class TestChannels:
    def test_when_there_are_several_then_none_is_used_before_the_person_chooses(
        self, durand, open_site, messages, mail_server
    ):
        page = open_site().prove(durand)

        assert all(masked in page.main for masked in ("•• •• •• •• 42", "•• •• •• •• 17", "m•••@exemple.org"))
        assert PRIVATE not in page.source
        assert MOBILE not in page.source
        assert messages == []
        assert mail_server.mails == []

    def test_when_addresses_are_very_long_then_the_ticket_still_fits_into_the_form(
        self, directory, open_site, messages
    ):
        phones = [f"06123456{number:02}" for number in range(20)]
        long_ones = [f"{'a' * 60}{number}@{'b' * 60}.{'c' * 60}.{'d' * 50}.fr" for number in range(3)]
        directory.add_person("fdurand4", privateMail=long_ones[0], mobile=phones)
        browser = open_site("mail", "phone")

        page = browser.send(RESET, browser.prove("fdurand4"), channel="1")

        assert "code" in page.fields
        assert len(messages) == 1
