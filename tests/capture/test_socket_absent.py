"""While `mamia capture` is away slapd refuses writes on people, its own after a wrong password included."""

from __future__ import annotations

import pytest

from gateway.app import create_app
from gateway.composition.web import build_gateway
from tests.support.browser import Browser
from tests.support.gateway_settings import settings_for

NEW = "Nouveau-2025"


@pytest.fixture
def browser(reporting, listener):
    """Before a directory whose listener does not run."""
    listener.start()
    for login in ("known", "failed-before"):
        reporting.add_person(login)
    assert not reporting.binds("failed-before", "wrong")
    listener.stop()
    assert not listener.is_running
    gateway = build_gateway(settings_for(reporting))
    yield Browser(create_app(gateway))
    gateway.close()


class TestChange:
    def test_when_the_socket_is_absent_then_known_and_unknown_logins_get_the_same_answer(self, browser):
        logins = ("unknown", "known", "failed-before") * 3

        pages = [browser.change(login, "Certainement-Faux-1", NEW) for login in logins]

        assert len({page.status for page in pages}) == 1
        assert len({page.main for page in pages}) == 1
