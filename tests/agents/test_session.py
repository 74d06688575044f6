"""The session of an agent: when it ends, for the agent and for copies of its cookie."""

from __future__ import annotations

import time

import pytest

from gateway.protection.tickets import Tickets
from gateway.services.agent_sessions import PURPOSE, AgentSessions
from tests.support.agent_browser import AGENT, COOKIE, SEARCH, SIGN_IN, set_agents
from tests.support.slapd_server import PASSWORD

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


def is_open(guichet, **options):
    return guichet.browser.client.get(SEARCH, **options).status_code == 200


def cookie_of(guichet):
    return guichet.browser.client.get_cookie(COOKIE, path="/guichet").value


def bring(guichet, value):
    guichet.browser.client.set_cookie(COOKIE, value, path="/guichet")


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so, for tickets and sessions of gateways that are built from now on."""
    passed = [0.0]

    def now():
        return time.time() + passed[0]

    monkeypatch.setattr(Tickets.__init__, "__defaults__", (now,))
    monkeypatch.setattr(AgentSessions.__init__, "__defaults__", (now,))
    return passed


class TestSignOut:
    def test_when_signed_out_then_a_copy_of_the_cookie_is_dead_too(self, signed_in):
        page = signed_in.browser.open(SEARCH)
        copied = cookie_of(signed_in)

        signed_in.sign_out(page)
        bring(signed_in, copied)

        assert not is_open(signed_in)

    def test_when_an_earlier_cookie_of_the_session_was_copied_then_it_is_dead_too(self, signed_in):
        earlier = cookie_of(signed_in)
        page = signed_in.browser.open(SEARCH)

        signed_in.sign_out(page)
        bring(signed_in, earlier)

        assert not is_open(signed_in)

    def test_when_another_gateway_with_the_same_keys_and_store_is_asked_then_it_is_dead_there(
        self, open_guichet, redis
    ):
        shared = {"rate_limits": {"store": redis.url}, "web": {"secret_keys": [KEY]}}
        one, other = open_guichet(**shared), open_guichet(**shared)
        one.sign_in()
        copied = cookie_of(one)
        bring(other, copied)
        assert is_open(other)

        one.sign_out(one.browser.open(SEARCH))
        bring(other, copied)

        assert not is_open(other)

    def test_when_the_token_of_the_form_is_missing_then_the_session_goes_on(self, signed_in):
        signed_in.browser.post("/guichet/sortie", {})

        assert is_open(signed_in)


class TestCopiedCookie:
    def test_when_brought_from_another_address_then_it_opens_nothing(self, open_guichet):
        guichet = open_guichet(helpdesk={"networks": ["127.0.0.0/8", "192.0.2.0/24"]})
        guichet.sign_in()
        copied = cookie_of(guichet)

        assert not is_open(guichet, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        bring(guichet, copied)
        assert is_open(guichet)

    @pytest.mark.parametrize("place", [0, 40, 200])
    def test_when_one_character_is_another_then_it_opens_nothing(self, signed_in, place):
        value = list(cookie_of(signed_in))
        value[place] = "A" if value[place] != "A" else "B"
        bring(signed_in, "".join(value))

        assert not is_open(signed_in)


class TestEnd:
    def test_when_nothing_is_asked_for_fifteen_minutes_then_it_is_over(self, clock, signed_in):
        clock[0] = 15 * 60 + 1

        page = signed_in.browser.client.get(SEARCH, follow_redirects=True)

        assert page.request.path == SIGN_IN
        assert "Votre session est terminée" in page.text.replace("\N{NO-BREAK SPACE}", " ")

    def test_when_something_is_asked_now_and_then_it_goes_on(self, clock, signed_in):
        for minutes in (10, 20, 30):
            clock[0] = 60 * minutes
            assert is_open(signed_in)

    def test_when_eight_hours_have_passed_then_it_is_over_in_any_case(self, clock, signed_in):
        for minutes in range(10, 8 * 60, 10):
            clock[0] = 60 * minutes
            assert is_open(signed_in)

        clock[0] = 8 * 3600 + 1
        assert not is_open(signed_in)

    def test_when_the_agent_leaves_the_group_then_it_is_over_at_once(self, signed_in, academy):
        assert is_open(signed_in)

        set_agents(academy)

        assert not is_open(signed_in)

    def test_when_the_agents_password_is_changed_then_it_is_over(self, signed_in, academy):
        signed_in.browser.change(AGENT, PASSWORD, "Nouveau-2025")
        assert academy.binds(AGENT, "Nouveau-2025")

        assert not is_open(signed_in)

    def test_when_the_agents_account_is_closed_then_it_is_over(self, signed_in, academy):
        academy.set(AGENT, "pwdAccountLockedTime", "000001010000Z")

        assert not is_open(signed_in)


class TestOutage:
    def test_when_the_directory_is_down_then_nobody_is_let_in(self, signed_in, academy):
        academy.kill()

        answer = signed_in.browser.client.get(SEARCH)

        assert answer.status_code == 503


class TestPurpose:
    def test_when_a_ticket_of_another_purpose_is_brought_then_it_opens_nothing(self, open_guichet, build):
        guichet = open_guichet(web={"secret_keys": [KEY]})
        guichet.sign_in()
        gateway = build(web={"secret_keys": [KEY]})
        opened = gateway.protection.tickets.open(PURPOSE, cookie_of(guichet))
        bring(guichet, gateway.protection.tickets.issue("result", opened.payload, 600))

        assert not is_open(guichet)
