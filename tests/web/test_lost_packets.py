"""A Modify that is delayed, or whose answer is lost, on a real connection: the newest password stays, and what each
person is told is what happened."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.browser import CHANGE, RESET
from tests.support.slapd_server import PASSWORD

FIRST, SECOND = "Nouveau-2025", "Orage-Violet-26"
IMPATIENT = {"connect_timeout_seconds": 2, "receive_timeout_seconds": 2}
WIDE = dict.fromkeys(("per_login", "per_proof", "per_address"), "1000/minute")
SAVED = "Mot de passe modifié"
NOTHING_CHANGED = "Rien n’a été modifié"
PERHAPS = "peut-être"
WRONG_BINDS = 9
"""Fewer than lock the account."""


def sets_password(packet):
    return b"userPassword" in packet


@pytest.fixture
def behind(network, open_browser):
    """A browser before a gateway that reaches the directory through that network."""
    return open_browser(rate_limits=WIDE, directory={"servers": [network.url], **IMPATIENT})


def use(browser, path, login, current, new):
    return browser.change(login, current, new) if path == CHANGE else browser.choose(browser.prove(login), new)


class TestInitialPassword:
    def test_when_its_write_arrives_after_a_newer_password_then_the_newer_one_stays(
        self, directory, durand, network, open_browser
    ):
        initial = {"reset": {"mode": "initial"}, "rate_limits": WIDE}
        behind = open_browser(**initial, directory={"servers": [network.url], **IMPATIENT})
        network.delay(sets_password)
        late = behind.prove(durand)

        page = open_browser(rate_limits=WIDE).change(durand, PASSWORD, SECOND)
        network.deliver()

        assert late.status == 503
        assert SAVED in page.main
        assert directory.binds(durand, SECOND)
        assert "pwdReset" not in directory.read(durand)


class TestPassword:
    @pytest.mark.parametrize("path", [CHANGE, RESET])
    def test_when_its_write_is_delayed_then_nothing_is_changed_and_that_is_said(
        self, directory, durand, network, behind, path
    ):
        network.delay(sets_password)

        page = use(behind, path, durand, PASSWORD, FIRST)
        network.deliver()

        assert page.status == 503
        assert NOTHING_CHANGED in page.main
        assert directory.binds(durand, PASSWORD)
        assert not directory.binds(durand, FIRST)

    @pytest.mark.parametrize("path", [CHANGE, RESET])
    def test_when_its_write_arrives_after_a_newer_one_then_the_newer_one_stays(
        self, directory, durand, network, behind, open_browser, path
    ):
        network.delay(sets_password)
        late = use(behind, path, durand, PASSWORD, FIRST)

        page = use(open_browser(rate_limits=WIDE), path, durand, PASSWORD, SECOND)
        network.deliver()

        assert SAVED not in late.main
        assert SAVED in page.main
        assert directory.binds(durand, SECOND)

    def test_when_its_write_is_still_on_its_way_during_a_newer_one_then_the_newer_one_stays(
        self, directory, durand, network, behind, open_browser
    ):
        """Wrong passwords are tried meanwhile; they change the entry, and neither its password nor its stamp."""
        network.delay(sets_password)
        with ThreadPoolExecutor(2) as pool:
            late = pool.submit(behind.change, durand, PASSWORD, FIRST)
            assert network.arrived.wait(60)
            wrong = pool.submit(lambda: [directory.binds(durand, "certainly wrong") for _ in range(WRONG_BINDS)])
            page = open_browser(rate_limits=WIDE).change(durand, PASSWORD, SECOND)
            wrong.result()
            network.deliver()

        assert SAVED in page.main
        assert SAVED not in late.result().main
        assert directory.binds(durand, SECOND)

    @pytest.mark.parametrize("path", [CHANGE, RESET])
    def test_when_only_the_answer_is_lost_then_it_is_saved_and_that_is_said(
        self, directory, durand, network, behind, path
    ):
        network.lose_answer(sets_password)

        page = use(behind, path, durand, PASSWORD, FIRST)

        assert SAVED in page.main
        assert directory.binds(durand, FIRST)

    def test_when_the_answer_is_lost_and_the_network_then_perhaps_is_said(self, directory, durand, network, behind):
        network.lose_answer(sets_password)
        with ThreadPoolExecutor(1) as pool:
            change = pool.submit(behind.change, durand, PASSWORD, FIRST)
            assert network.arrived.wait(60)
            network.close()

        assert PERHAPS in change.result().main
        assert SAVED not in change.result().main

    def test_when_its_write_is_delayed_then_no_wrong_password_is_counted(self, directory, durand, network, behind):
        network.delay(sets_password)

        behind.change(durand, PASSWORD, FIRST)
        network.deliver()

        assert "pwdFailureTime" not in directory.read(durand)
