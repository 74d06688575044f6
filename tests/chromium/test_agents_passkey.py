"""Agents with a passkey in a real browser: one is added as people do, and it opens the helpdesk's pages."""

from __future__ import annotations

import pytest

from tests.support.accessibility import problems_of
from tests.support.agent_browser import AGENT, SEARCH, SIGN_IN, add_agent, helpdesk_settings, remove_group, set_agents
from tests.support.authenticator import Authenticator
from tests.support.chromium_pages import DESKTOP, PHONE
from tests.support.page_actions import fill
from tests.support.ports import free_port
from tests.support.slapd_server import PASSWORD

RECOVERY = "/mes-moyens-de-secours"


@pytest.fixture
def address(directory, serve, mail_server, tmp_path):
    """The address of a service with a helpdesk, at a name for which browsers make passkeys; its agent is AGENT."""
    add_agent(directory)
    set_agents(directory, AGENT)
    port = free_port()
    name = f"http://localhost:{port}"
    serve(
        port=port,
        helpdesk=helpdesk_settings(directory),
        recovery={"methods": ["passkey"], "rp_id": "localhost", "origin": name, "rest_hours": 0},
        people={"private_mail": "privateMail"},
        notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
    )
    yield name
    remove_group(directory)


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request, address, open_page):
    """A page of an agent who has added a passkey."""
    page = open_page(viewport=request.param)
    page.authenticator = Authenticator(page)
    page.goto(address + RECOVERY)
    fill(page, login=AGENT, current_password=PASSWORD)
    page.click("main button:has-text('Continuer')")
    page.click("summary:has-text('Clé d’accès')")
    page.click("button:has-text('Ajouter'):visible")
    page.click("button:has-text('Créer la clé d’accès')")
    page.wait_for_selector("text=Le moyen de secours a été ajouté")
    return page


def type_password(page, address):
    page.goto(address + SIGN_IN)
    fill(page, login=AGENT, current_password=PASSWORD)
    page.click("main button:has-text('Continuer')")
    page.wait_for_selector("text=Guichet : votre clé d’accès")


class TestSignIn:
    def test_when_the_passkey_is_shown_then_the_search_is_open(self, page, address, mail_server):
        type_password(page, address)
        assert problems_of(page, "agent-passkey") == []

        page.click("button:has-text('Utiliser ma clé d’accès')")

        page.wait_for_url(f"**{SEARCH}")
        assert not [mail for mail in mail_server.mails if "code" in str(mail["Subject"])]

    def test_when_the_device_does_not_recognise_its_owner_then_a_code_can_be_asked_for(self, page, address):
        type_password(page, address)
        page.authenticator.recognises_nobody()

        page.click("button:has-text('Utiliser ma clé d’accès')")
        page.wait_for_selector("text=Aucune clé d’accès n’a été utilisée")
        page.click("button:has-text('Recevoir un code')")

        page.wait_for_selector("[name=code]")
