"""Every page and state of the service in both languages, looked at once for all tests of RGAA's criteria."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Browser

from tests.support.rgaa_walk import Sites, Visit, walk
from tests.support.slapd_server import SlapdServer
from tests.support.smtp_server import SmtpServer

LANGUAGES = ("fr", "en")


@pytest.fixture(scope="session")
def visits(
    chromium: Browser, server: SlapdServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sequence[Visit]]:
    """What was found on each page; no test may depend on the order."""
    mail_server = SmtpServer()
    mail_server.start()
    sites = Sites(server, tmp_path_factory.mktemp("rgaa"), mail_server)
    if not server.slapd.is_running:
        server.slapd.start()
    try:
        yield [visit for language in LANGUAGES for visit in walk(chromium, sites, server, language)]
    finally:
        sites.close()
        mail_server.stop()
