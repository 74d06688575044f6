"""The second factor of agents: their own passkeys and apps, and what the settings take."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from gateway.account.model import Secret
from gateway.account.recovery import RecoveryKind, RecoveryMethod
from gateway.protection.passkeys import Passkeys
from gateway.protection.recovery_seal import RecoverySeals
from gateway.settings.consistency import contradictions
from tests.support.agent_browser import AGENT, PRIVATE, SEARCH, SIGN_IN, add_agent, helpdesk_settings, set_agents
from tests.support.gateway_settings import settings_for
from tests.support.recovery_values import put
from tests.support.slapd_server import PASSWORD
from tests.support.software_passkey import SoftwarePasskey

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OFFERED = {"methods": ["passkey", "totp"], "rp_id": "localhost", "origin": "http://localhost", "rest_hours": 48}
RESTED = timedelta(hours=49)
REFUSED = "Cette clé d’accès n’ouvre pas votre compte"


def options_on(page):
    """What the page asks the browser for."""
    found = re.search(r'id="passkey-get">(.+?)</script>', page.source)
    assert found, page.main
    return json.loads(found[1])


def hold(directory, login, *methods):
    [uuid] = directory.read(login)["entryUUID"]
    put(directory, login, [RecoverySeals([KEY]).seal(method, uuid) for method in methods])


def added(age=RESTED):
    return datetime.now(UTC).replace(microsecond=0) - age


def as_passkey(passkey, age=RESTED, id_="p1"):
    """The method that the page of recovery methods makes of a passkey."""
    site = Passkeys("localhost", "Académie", "http://localhost")
    challenge = "Y2hhbGxlbmdl"
    made = site.created(passkey.made(site.creation(challenge, AGENT, "uuid", [])), challenge)
    assert made
    return RecoveryMethod(
        id_, RecoveryKind.PASSKEY, "Ma clé", added(age), credential=made.credential, public_key=made.public_key,
        counter=made.counter,
    )  # fmt: skip


def as_app(age=RESTED):
    return RecoveryMethod("t1", RecoveryKind.TOTP, "FreeOTP", added(age), secret=Secret(SECRET))


def last(audit_file, outcome):
    events = [json.loads(line) for line in audit_file.read_text(encoding="utf-8").splitlines()]
    return [event for event in events if event["outcome"] == outcome][-1:]


@pytest.fixture
def passkey():
    return SoftwarePasskey()


@pytest.fixture
def open_site(open_guichet):
    """A helpdesk where people can add passkeys and apps."""

    def site(**helpdesk):
        return open_guichet(helpdesk=helpdesk, recovery=OFFERED, web={"secret_keys": [KEY]})

    return site


@pytest.fixture
def guichet(open_site):
    return open_site()


def show(guichet, page, answer):
    return guichet.browser.send(SIGN_IN, page, answer=answer)


class TestPasskey:
    def test_when_it_is_shown_after_the_password_then_the_search_is_open_and_no_code_was_sent(
        self, guichet, academy, passkey, mail_server, audit_file
    ):
        hold(academy, AGENT, as_passkey(passkey))
        page = guichet.type_password()

        page = show(guichet, page, passkey.proved(options_on(page)))

        assert page.path == SEARCH
        assert mail_server.mails == []
        assert [event["login"] for event in last(audit_file, "passkey_right")] == [AGENT]

    def test_when_only_the_password_was_typed_then_nothing_is_open(self, guichet, academy, passkey):
        hold(academy, AGENT, as_passkey(passkey))
        guichet.type_password()

        assert guichet.browser.client.get(SEARCH).status_code == 303

    def test_when_it_is_another_persons_then_it_opens_nothing(self, guichet, academy, passkey):
        others = SoftwarePasskey()
        hold(academy, AGENT, as_passkey(passkey))
        hold(academy, "fdurand4", as_passkey(others))
        page = guichet.type_password()

        page = show(guichet, page, others.proved(options_on(page)))

        assert REFUSED in page.main
        assert guichet.browser.client.get(SEARCH).status_code == 303

    def test_when_it_answered_another_site_then_it_opens_nothing(self, guichet, academy, passkey):
        hold(academy, AGENT, as_passkey(passkey))
        page = guichet.type_password()
        passkey.origin = "https://localhost.exemple.org"

        assert REFUSED in show(guichet, page, passkey.proved(options_on(page))).main

    def test_when_its_counter_did_not_rise_then_the_copy_opens_nothing(self, guichet, academy, passkey, audit_file):
        hold(academy, AGENT, as_passkey(passkey))
        page = guichet.type_password()
        show(guichet, page, passkey.proved(options_on(page)))
        passkey.counter -= 1
        guichet.sign_out(guichet.browser.open(SEARCH))
        page = guichet.type_password()

        page = show(guichet, page, passkey.proved(options_on(page)))

        assert REFUSED in page.main
        assert last(audit_file, "passkey_cloned")

    def test_when_the_answer_is_sent_once_more_then_it_opens_no_second_session(self, guichet, academy, passkey):
        hold(academy, AGENT, as_passkey(passkey))
        page = guichet.type_password()
        answer = passkey.proved(options_on(page))
        signed_in = show(guichet, page, answer)
        guichet.sign_out(signed_in)

        show(guichet, page, answer)

        assert guichet.browser.client.get(SEARCH).status_code == 303

    @pytest.mark.parametrize("answer", ["", "{}", "[]", '{"id": 7}', "[" * 3000], ids=range(5))
    def test_when_the_answer_is_no_answer_then_it_is_refused(self, guichet, academy, passkey, answer):
        hold(academy, AGENT, as_passkey(passkey))
        page = guichet.type_password()

        assert REFUSED in show(guichet, page, answer).main

    def test_when_the_password_changes_before_it_is_shown_then_it_opens_nothing(self, guichet, academy, passkey):
        hold(academy, AGENT, as_passkey(passkey))
        page = guichet.type_password()
        guichet.browser.change(AGENT, PASSWORD, "Nouveau-2025")
        assert academy.binds(AGENT, "Nouveau-2025")

        assert REFUSED in show(guichet, page, passkey.proved(options_on(page))).main

    def test_when_it_still_rests_then_a_code_is_sent(self, guichet, academy, passkey):
        hold(academy, AGENT, as_passkey(passkey, timedelta(hours=1)))

        assert guichet.sign_in().path == SEARCH

    def test_when_it_is_not_at_hand_then_a_code_opens_the_search(self, guichet, academy, passkey):
        hold(academy, AGENT, as_passkey(passkey))
        page = guichet.type_password()

        page = guichet.browser.send(SIGN_IN, page, leave="1")

        assert guichet.type_code(page).path == SEARCH


class TestPasskeyAlone:
    def test_when_the_agent_has_none_then_they_are_told_where_to_add_one(self, open_site, mail_server):
        guichet = open_site(second_factor=["passkey"])

        page = guichet.type_password()

        assert page.status == 422
        assert "Mes moyens de secours" in page.main
        assert mail_server.mails == []

    def test_when_a_code_is_asked_for_all_the_same_then_none_is_sent(self, open_site, academy, passkey, mail_server):
        guichet = open_site(second_factor=["passkey"])
        hold(academy, AGENT, as_passkey(passkey))
        page = guichet.type_password()
        assert "Recevoir un code" not in page.main

        page = guichet.browser.send(SIGN_IN, page, leave="1")

        assert page.status == 422
        assert mail_server.mails == []
        assert guichet.browser.client.get(SEARCH).status_code == 303

    def test_when_people_cannot_add_passkeys_then_the_settings_contradict_each_other(self, academy):
        settings = settings_for(academy, helpdesk=helpdesk_settings(academy, second_factor=["passkey"]))

        assert "helpdesk.second_factor" in dict(contradictions(settings))


class TestCodeAlone:
    def test_when_the_agent_has_a_passkey_then_a_code_is_sent_all_the_same(self, open_site, academy, passkey):
        guichet = open_site(second_factor=["code"])
        hold(academy, AGENT, as_passkey(passkey))

        assert guichet.sign_in().path == SEARCH


class TestApp:
    def test_when_the_agent_has_nothing_else_then_its_code_opens_the_search(self, guichet, academy, mail_server):
        add_agent(academy, "sans", privateMail=None)
        set_agents(academy, AGENT, "sans")
        hold(academy, "sans", as_app())
        page = guichet.type_password("sans")
        assert "FreeOTP" in page.main

        page = guichet.browser.send(SIGN_IN, page, code=pyotp.TOTP(SECRET).at(int(time.time())))

        assert page.path == SEARCH
        assert mail_server.mails == []

    def test_when_there_is_a_private_address_too_then_the_agent_chooses(self, guichet, academy):
        hold(academy, AGENT, as_app())

        page = guichet.type_password()

        assert "FreeOTP" in page.main
        assert f"{PRIVATE[0]}•••@exemple.org" in page.main

    def test_when_it_still_rests_then_it_does_not_count(self, guichet, academy):
        hold(academy, AGENT, as_app(timedelta(hours=1)))

        assert "FreeOTP" not in guichet.type_password().main


class TestPersonPage:
    def test_when_the_person_has_methods_then_kind_masked_address_and_use_are_shown(self, guichet, academy, passkey):
        mail = RecoveryMethod("m1", RecoveryKind.MAIL, "Boîte de Jeanne", added(), added(), address="jeanne@perso.fr")
        hold(academy, "fdurand4", mail, as_passkey(passkey, timedelta(hours=1)), as_app())
        guichet.sign_in()

        page = guichet.look("fdurand4")

        shown = page.main.replace("\N{NO-BREAK SPACE}", " ")
        assert "Adresse électronique personnelle j•••@perso.fr – depuis le" in shown
        assert "dernière utilisation le" in shown
        assert "Clé d’accès – depuis le" in shown
        assert "utilisable à partir du" in shown
        for private in ("jeanne@perso.fr", "Boîte de Jeanne", SECRET):
            assert private not in page.source

    def test_when_the_person_has_none_then_it_says_so(self, guichet):
        guichet.sign_in()

        assert "Moyens de secours" in guichet.look("fdurand4").main

    def test_when_no_methods_are_offered_then_the_part_is_hidden(self, open_guichet):
        guichet = open_guichet()
        guichet.sign_in()

        assert "Moyens de secours" not in guichet.look("fdurand4").main
