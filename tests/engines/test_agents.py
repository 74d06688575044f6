"""The helpdesk's pages in each engine, with JavaScript and without: sign in, search, and give a code."""

from __future__ import annotations

import pytest

from tests.engines.conftest import LOGIN, SETTINGS
from tests.support.agent_browser import (
    AGENT,
    PRIVATE,
    REASON,
    SEARCH,
    SIGN_IN,
    add_agent,
    code_in,
    helpdesk_settings,
    remove_group,
    set_agents,
)
from tests.support.engines.recorded_site import RecordedSite
from tests.support.matching import first_match
from tests.support.slapd_server import PASSWORD


@pytest.fixture
def site(directory, serve, mail_server, tmp_path):
    """A site with a helpdesk; its agent is AGENT."""
    add_agent(directory)
    set_agents(directory, AGENT)
    recorded = RecordedSite()
    recorded.address = serve(
        line=recorded.line,
        web=SETTINGS["web"],
        helpdesk=helpdesk_settings(directory),
        people={"private_mail": "privateMail"},
        notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
    )
    yield recorded
    remove_group(directory)


class TestAgent:
    def test_when_the_code_is_typed_then_a_person_is_found_and_gets_a_code(self, page, site, mail_server, directory):
        page.open(site.address + SIGN_IN)
        page.fill(login=AGENT, current_password=PASSWORD)
        page.send()
        page.fill(code=code_in(mail_server, PRIVATE))
        page.send()
        assert page.path == SEARCH

        page.fill(searched=LOGIN, reason=REASON)
        page.press("#service button.btn-brand")
        page.press(f"button[name=person][value={LOGIN}]")
        page.fill(current_password=PASSWORD)
        page.press("button[value=give_code]")

        assert first_match(r"[2-9A-Z]{5} [2-9A-Z]{5}", page.text)
        assert "mamiaResetCode" in directory.read(LOGIN)
