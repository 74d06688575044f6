"""The helpdesk in a real browser: an agent signs in and gives a code, and a person without NUMEN uses it."""

from __future__ import annotations

import pytest

from tests.support.accessibility import problems_of
from tests.support.agent_browser import (
    AGENT,
    PERSON,
    REASON,
    SEARCH,
    SIGN_IN,
    add_agent,
    code_in,
    helpdesk_settings,
    remove_group,
    set_agents,
)
from tests.support.browser import RESET
from tests.support.matching import first_match
from tests.support.page_actions import fill, words
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"


@pytest.fixture
def address(directory, serve, mail_server, tmp_path):
    """The address of a service with a helpdesk; its agent is AGENT."""
    add_agent(directory)
    set_agents(directory, AGENT)
    directory.add_person("fdurand4", privateMail="francois@exemple.org", mobile="0612345642")
    yield serve(
        helpdesk=helpdesk_settings(directory),
        people={"private_mail": "privateMail", "phone": "mobile"},
        notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        events={"keep_days": 30},
        recovery={"methods": ["totp"]},
    )
    remove_group(directory)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def sign_in(page, address, mail_server):
    page.goto(address + SIGN_IN)
    fill(page, login=AGENT, current_password=PASSWORD)
    press(page, "Continuer")
    page.wait_for_selector("[name=code]")
    fill(page, code=code_in(mail_server))
    press(page, "Se connecter")
    page.wait_for_url(f"**{SEARCH}")


def look(page):
    fill(page, searched="Durand", reason=REASON)
    press(page, "Rechercher")
    page.get_by_role("button", name="Ouvrir la fiche de fdurand4").click()
    page.wait_for_url(f"**{PERSON}/suite")


class TestCode:
    def test_when_an_agent_gives_it_then_a_person_without_numen_resets(
        self, address, open_page, mail_server, directory
    ):
        agent, person = open_page(), open_page()
        sign_in(agent, address, mail_server)
        look(agent)
        agent.fill("[name=current_password]", PASSWORD)
        press(agent, "Donner un code de réinitialisation")
        agent.wait_for_selector(".given")
        code = first_match(r"[2-9A-Z]{5} [2-9A-Z]{5}", words(agent, ".given")).group()

        person.goto(address + RESET)
        fill(person, login="fdurand4", proof=code, birth_date="27/03/1985")
        person.locator("#service button.btn-brand").click()
        person.wait_for_selector("[name=new_password]")
        fill(person, new_password=NEW, confirmation=NEW)
        person.locator("#service button.btn-brand").click()
        person.wait_for_url("**/resultat/**")

        assert directory.binds("fdurand4", NEW)


class TestPages:
    def test_when_looked_at_then_nothing_is_in_the_way_of_anybody(self, address, open_page, mail_server, directory):
        directory.lock("fdurand4")
        page = open_page()
        page.goto(address + SIGN_IN)
        faults = problems_of(page, "agent-sign-in")
        fill(page, login=AGENT, current_password=PASSWORD)
        press(page, "Continuer")
        page.wait_for_selector("[name=code]")
        faults += problems_of(page, "agent-code")
        fill(page, code=code_in(mail_server))
        press(page, "Se connecter")
        page.wait_for_url(f"**{SEARCH}")
        faults += problems_of(page, "agent-search")
        fill(page, searched="Durand", reason=REASON)
        press(page, "Rechercher")
        page.wait_for_selector(".people")
        faults += problems_of(page, "agent-found")
        page.get_by_role("button", name="Ouvrir la fiche de fdurand4").click()
        page.wait_for_url(f"**{PERSON}/suite")
        faults += problems_of(page, "agent-person")
        press(page, "Déverrouiller le compte")
        page.wait_for_selector(".field-error")
        faults += problems_of(page, "agent-person-error")
        page.fill("[name=current_password]", PASSWORD)
        press(page, "Donner un code de réinitialisation")
        page.wait_for_selector(".given")
        faults += problems_of(page, "agent-given")
        page.goto(f"{address}/guichet/semaine")
        faults += problems_of(page, "agent-week")

        assert faults == []

    def test_when_signed_out_then_going_back_shows_nothing(self, address, open_page, mail_server):
        page = open_page()
        sign_in(page, address, mail_server)
        look(page)

        press(page, "Se déconnecter")
        page.wait_for_url(f"**{SIGN_IN}")
        page.goto(address + PERSON)

        assert "/guichet/connexion" in page.url
        assert "Durand" not in words(page, "main")
