"""Whatever slapd lets our own attributes hold: no page, API, webmail or agent's page ends in a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.api.conftest import client_section
from tests.support.agent_browser import AGENT, AgentBrowser, add_agent, helpdesk_settings, remove_group, set_agents
from tests.support.api_token import TOKEN
from tests.support.browser import Browser, Page
from tests.support.odd_values import Odd, add_odd_people
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.smtp_server import SmtpServer
from tests.web.test_recovery_page import add_app, do, sign_in

KEY = "the same for every front end of a test, 1234"
VERSION = "2026-09"
NEW, OTHER, LAST = "Nouveau-2025", "Orage-Violet-26", "Brume-Dorée-27"
RATES = (
    "per_login",
    "per_login_reset",
    "per_proof",
    "per_person",
    "per_address",
    "per_service",
    "overall",
    "per_agent",
)
CODES = ("reset_codes_per_agent", "reset_codes_per_person", "codes_per_recipient")


@pytest.fixture
def people(directory: SlapdServer) -> dict[str, Odd]:
    return add_odd_people(directory, KEY)


@pytest.fixture
def browser(
    directory: SlapdServer,
    people: dict[str, Odd],
    open_browser: Callable[..., Browser],
    mail_server: SmtpServer,
    tmp_path: Path,
) -> Iterator[Browser]:
    """Before a gateway where every part is on that keeps something in an entry."""
    add_agent(directory)
    set_agents(directory, AGENT)
    yield open_browser(
        api=client_section(rate="99999/minute"),
        web={"secret_keys": [KEY]},
        charter={"version": VERSION, "url": "https://www.ac-example.fr/charte"},
        recovery={"methods": ["mail", "mobile", "totp"]},
        helpdesk=helpdesk_settings(directory),
        people={"private_mail": "privateMail", "phone": "mobile"},
        second_factor={"sms_gateway_url": "http://127.0.0.1:9/"},
        notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        rate_limits=dict.fromkeys((*RATES, *CODES), "99999/minute"),
    )
    remove_group(directory)


def assert_served(people: dict[str, Odd], serve: Callable[[str], None]) -> None:
    """Try it with everybody; the message names those with whom it failed, and what is odd about them."""
    failed = {}
    for login, odd in people.items():
        try:
            serve(login)
        except (AssertionError, KeyError) as error:
            failed[f"{login}: {odd}"[:200]] = repr(error)[:300]
    assert failed == {}


class TestFind:
    def test_when_values_are_odd_then_everybody_is_found(self, browser: Browser, people: dict[str, Odd]) -> None:
        def find(login: str) -> None:
            assert login in browser.find(login, "Odile").main

        assert_served(people, find)


class TestPassword:
    def test_when_values_are_odd_then_everybody_can_change_it(
        self, browser: Browser, people: dict[str, Odd], directory: SlapdServer
    ) -> None:
        def change(login: str) -> None:
            assert browser.change(login, PASSWORD, NEW, charter=VERSION).status == 200
            assert directory.binds(login, NEW)
            held = [values for name, values in directory.read(login).items() if name.startswith("mamiaCharter")]
            assert held[0][0].startswith(VERSION)

        assert_served(people, change)

    def test_when_values_are_odd_then_a_wrong_code_is_refused_and_no_reset_fails(
        self, browser: Browser, people: dict[str, Odd], directory: SlapdServer
    ) -> None:
        def reset(login: str) -> None:
            assert browser.prove(login, proof="ABCDEFGHJK").status == 422
            page = browser.prove(login)
            # Others have a method that counts: they get a code, or learn that none can be sent to it.
            assert page.status in (200, 422, 503)
            if "new_password" in page.fields:
                assert browser.choose(page, LAST, charter=VERSION).status == 200
                assert directory.binds(login, LAST)
                assert "mamiaResetCode" not in directory.read(login)

        assert_served(people, reset)


class TestPrograms:
    def test_when_values_are_odd_then_api_and_webmail_answer_as_for_others(
        self, browser: Browser, people: dict[str, Odd]
    ) -> None:
        client, headers = browser.app.test_client(), {"Authorization": f"Bearer {TOKEN}"}

        def call(login: str) -> None:
            body = {"login": login, "current_password": PASSWORD, "new_password": OTHER}
            changed = client.post("/api/v1/change", json=body, headers=headers)
            assert changed.status_code in (200, 409), changed.text
            mail = {"user": login, "curpass": OTHER if changed.status_code == 200 else PASSWORD, "newpass": LAST}
            assert client.post("/api/v1/roundcube", data=mail, headers=headers).status_code == 200

        assert_served(people, call)


class TestRecoveryMethods:
    def test_when_values_are_odd_then_their_owner_can_remove_them_and_add_one(
        self, browser: Browser, people: dict[str, Odd]
    ) -> None:
        def tidy(login: str) -> None:
            page = sign_in(browser, login=login)
            if 'value="unreadable"' in page.source:
                page = do(browser, page, "unreadable")
            assert 'value="unreadable"' not in page.source
            page = without_methods(page)
            page, _ = add_app(browser, page)
            assert page.status == 200
            assert page.fields["method"]

        def without_methods(page: Page) -> Page:
            for _ in range(10):
                if "method" not in page.fields:
                    return page
                page = do(browser, page, "remove", method=page.fields["method"])
                assert page.status == 200
            raise AssertionError("it stays")

        # The last one has every value at once.
        assert_served(dict(list(people.items())[-6:]), tidy)


class TestAgents:
    def test_when_values_are_odd_then_an_agent_sees_the_person_and_can_give_and_close_a_code(
        self, browser: Browser, people: dict[str, Odd], mail_server: SmtpServer, directory: SlapdServer
    ) -> None:
        agent = AgentBrowser(browser, mail_server)
        agent.sign_in()
        helped = list(people)[::8]

        def help_with(login: str) -> None:
            page = agent.look(login)
            assert page.status == 200
            assert page.path.startswith("/guichet/personne")
            if login not in helped:
                return
            assert agent.act(page, "give_code").status == 200
            assert "mamiaResetCode" in directory.read(login)
            assert agent.act(agent.look(login), "close_code").status == 200
            assert "mamiaResetCode" not in directory.read(login)

        assert_served(people, help_with)
