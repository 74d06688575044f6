"""The classic reset gives an entry a policy without history, for one write: the entry's own policy is never lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.browser import Browser
from tests.support.faulty_network import faulty_network
from tests.support.slapd_server import NUMEN, POLICIES

NEW = "Nouveau-2025"
OTHER = "Orage-Violet-26"
OWN = f"cn=yearly,{POLICIES}"
TEMPORARY = f"cn=initial,{POLICIES}"
IMPATIENT = {"connect_timeout_seconds": 2, "receive_timeout_seconds": 2}
WIDE = dict.fromkeys(("per_login", "per_proof", "per_address", "per_login_reset"), "1000/minute")
CLASSIC = {"reset": {"mode": "initial"}, "rate_limits": WIDE}
ROUNDS = 5


@pytest.fixture
def network(directory):
    with faulty_network(directory.slapd.port) as network:
        yield network


@pytest.fixture
def durand(directory, open_browser):
    """Somebody with a policy of their own, and the number among the passwords that may not come back."""
    directory.add_person("fdurand4", password=NUMEN, pwdPolicySubentry=OWN)
    assert open_browser().change("fdurand4", NUMEN, NEW).status == 200
    return "fdurand4"


@pytest.fixture
def behind(network, open_browser):
    return open_browser(**CLASSIC, directory={"servers": [network.url], **IMPATIENT})


def sets_password_under_temporary_policy(packet):
    return b"userPassword" in packet and b"pwdPolicySubentry" in packet


def policy_of(directory, login):
    return directory.read(login).get("pwdPolicySubentry")


class TestWrite:
    @pytest.mark.parametrize("classic", [True, False])
    def test_when_another_process_died_with_the_temporary_policy_then_the_own_one_is_given_back(
        self, directory, durand, network, behind, open_browser, classic
    ):
        """Its connection ends between the two writes, and with it the way to give anything back."""
        network.delay(sets_password_under_temporary_policy)
        with ThreadPoolExecutor(1) as pool:
            dying = pool.submit(behind.prove, durand)
            assert network.arrived.wait(60)
            network.close()
            dying.result()
        assert policy_of(directory, durand) == [TEMPORARY]

        browser = open_browser(**CLASSIC)
        page = browser.prove(durand) if classic else browser.change(durand, NEW, OTHER)

        assert page.status == 200
        assert policy_of(directory, durand) == [OWN]


class TestClassicReset:
    def test_when_its_write_is_called_off_then_the_own_policy_is_given_back(self, directory, durand, network, behind):
        network.delay(sets_password_under_temporary_policy)

        page = behind.prove(durand)
        network.deliver()

        assert page.status == 503
        assert directory.binds(durand, NEW)
        assert policy_of(directory, durand) == [OWN]

    def test_when_it_is_tried_again_then_the_own_policy_is_kept(self, directory, durand, network, behind):
        network.delay(sets_password_under_temporary_policy)
        behind.prove(durand)
        network.deliver()

        page = behind.prove(durand)

        assert page.status == 200
        assert directory.binds(durand, NUMEN)
        assert policy_of(directory, durand) == [OWN]

    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_when_two_processes_do_it_at_once_then_both_are_informed_and_the_own_policy_stays(
        self, directory, durand, open_browser, round_
    ):
        apps, start = [open_browser(**CLASSIC).app for _ in range(2)], threading.Barrier(2)

        def reset(app):
            browser = Browser(app)
            start.wait()
            return browser.prove(durand).status

        with ThreadPoolExecutor(2) as pool:
            statuses = list(pool.map(reset, apps))

        assert statuses == [200, 200]
        assert directory.binds(durand, NUMEN)
        assert policy_of(directory, durand) == [OWN]

    @pytest.mark.parametrize("stamp", ["mamiaPasswordStamp", ""])
    def test_when_it_is_done_then_the_own_policy_is_there_again(self, directory, durand, open_browser, stamp):
        page = open_browser(**CLASSIC, people={"password_stamp": stamp}).prove(durand)

        assert page.status == 200
        assert directory.binds(durand, NUMEN)
        assert policy_of(directory, durand) == [OWN]


class TestReset:
    def test_when_its_write_is_called_off_then_the_same_form_serves_again(self, directory, network, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser(rate_limits=WIDE, directory={"servers": [network.url], **IMPATIENT})
        network.delay(lambda packet: b"userPassword" in packet)
        page = browser.choose(browser.prove("fdurand4"), NEW)
        network.deliver()

        again = browser.choose(page, NEW)

        assert page.status == 503
        assert again.status == 200
        assert directory.binds("fdurand4", NEW)
