"""`mamia check` on the helpdesk's pages: can agents reach them and be sent a code?"""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.checks.agent_pages import check_agent_pages
from gateway.checks.finding import Level
from tests.support.agent_browser import helpdesk_settings
from tests.support.gateway_settings import settings_for

RIGHT = {
    "people": {"private_mail": "privateMail", "phone": "mobile"},
    "notifications": {"spool": Path("/var/lib/mamia/mails")},
}


def found(server, helpdesk=None, **sections):
    settings = settings_for(server, helpdesk=helpdesk_settings(server, **(helpdesk or {})), **{**RIGHT, **sections})
    return [(finding.level, finding.message) for finding in check_agent_pages(settings)]


class TestPages:
    def test_when_right_then_the_networks_are_named(self, server):
        assert found(server) == [(Level.OK, "agents sign in from 127.0.0.0/8 with a code")]

    @pytest.mark.parametrize(
        ("second_factor", "methods", "words"),
        [
            (["passkey", "code"], ["passkey", "totp"], "with a passkey or a code"),
            (["passkey"], ["passkey"], "with a passkey"),
            (["passkey", "code"], ["totp"], "with a code"),
        ],
    )
    def test_when_agents_can_add_methods_then_it_says_what_they_show(self, server, second_factor, methods, words):
        recovery = {"methods": methods, "rp_id": "exemple.fr", "origin": "https://exemple.fr"}

        found_ = found(server, {"second_factor": second_factor}, people={}, recovery=recovery)

        assert found_ == [(Level.OK, f"agents sign in from 127.0.0.0/8 {words}")]

    def test_when_no_agents_are_set_then_nothing_is_said(self, server):
        assert found(server, helpdesk={"agents_group": None}) == []

    @pytest.mark.parametrize(
        ("helpdesk", "sections", "level", "words"),
        [
            ({"networks": []}, {}, Level.FAIL, "exist for nobody"),
            ({"networks": ["0.0.0.0/0"]}, {}, Level.WARN, "everybody's addresses"),
            ({}, {"people": {"phone": "mobile"}}, Level.FAIL, "nobody can sign in"),
            ({}, {"notifications": {}}, Level.WARN, "nobody is told"),
        ],
    )
    def test_when_something_is_missing_then_it_is_named(self, server, helpdesk, sections, level, words):
        findings = found(server, helpdesk, **sections)

        assert any(one is level and words in message for one, message in findings)
        assert (Level.OK, "agents sign in from 127.0.0.0/8 with a code") not in findings
