"""A helpdesk with one agent, and somebody who needs help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_browser import AGENT, AgentBrowser, add_agent, helpdesk_settings, remove_group, set_agents
from tests.support.browser import Browser
from tests.support.slapd_server import SlapdServer
from tests.support.smtp_server import SmtpServer

OpenGuichet = Callable[..., AgentBrowser]


@pytest.fixture
def academy(directory: SlapdServer) -> Iterator[SlapdServer]:
    """AGENT is an agent, fdurand4 is not."""
    add_agent(directory)
    set_agents(directory, AGENT)
    directory.add_person("fdurand4", privateMail="francois@exemple.org", mobile="0612345642")
    yield directory
    if not directory.slapd.is_running:
        directory.slapd.start()
    remove_group(directory)


@pytest.fixture
def audit_file(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


@pytest.fixture
def open_guichet(
    academy: SlapdServer,
    open_browser: Callable[..., Browser],
    mail_server: SmtpServer,
    tmp_path: Path,
    audit_file: Path,
) -> OpenGuichet:
    """Opens a browser before a gateway with a helpdesk: `open_guichet(helpdesk={…}, rate_limits={…})`."""

    def guichet(helpdesk: dict[str, Any] | None = None, **sections: Any) -> AgentBrowser:
        settings: dict[str, Any] = {
            "helpdesk": helpdesk_settings(academy, **(helpdesk or {})),
            "people": {"private_mail": "privateMail", "phone": "mobile"},
            "notifications": {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
            "audit": {"destination": "file", "file": audit_file},
        }
        for name, values in sections.items():
            settings[name] = {**settings.get(name, {}), **values}
        return AgentBrowser(open_browser(**settings), mail_server)

    return guichet


@pytest.fixture
def guichet(open_guichet: OpenGuichet) -> AgentBrowser:
    return open_guichet()


@pytest.fixture
def signed_in(guichet: AgentBrowser) -> AgentBrowser:
    guichet.sign_in()
    return guichet
