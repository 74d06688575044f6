"""What proves that a password was changed: the entry itself, at the server that took the write."""

from __future__ import annotations

import time

import pytest

from tests.support.browser import CHANGE, RESET
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD, SlapdServer

NEW, OTHER = "Nouveau-2025", "Nouveau-2026"
WIDE = dict.fromkeys(("per_login", "per_proof", "per_address"), "1000/minute")
IMPATIENT = {"connect_timeout_seconds": 2, "receive_timeout_seconds": 2}
SAVED = "Mot de passe modifié"
PERHAPS = "peut-être"
POST_READ, UNKNOWN_CONTROL = b"1.3.6.1.1.13.2", b"1.3.6.1.1.13.9"
NO_POLICY = """
dn: olcOverlay={0}ppolicy,olcDatabase={1}mdb,cn=config
changetype: delete
"""


class DirectoryWithoutPolicy(SlapdServer):
    """It stores every password as it comes."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.load(NO_POLICY, as_config=True)


def use(browser, path, login, current, new):
    """The last page: that of the first step, where no other one follows."""
    if path == CHANGE:
        return browser.change(login, current, new)
    proved = browser.prove(login)
    return browser.choose(proved, new) if proved.status == 200 else proved


class TestInitialPassword:
    def test_when_pwd_reset_is_dropped_then_it_is_not_said_to_be_restored(
        self, directory, durand, network, open_browser
    ):
        """389 Directory Server does that: the number would stay the password for good."""
        browser = open_browser(reset={"mode": "initial"}, directory={"servers": [network.url]})
        network.replace_answer(b"pwdReset1\x06\x04\x04TRUE", b"pwdReset1\x06\x04\x04NONE")

        page = browser.prove(durand)

        assert PERHAPS in page.main


class TestProofBind:
    @pytest.mark.parametrize("path", [CHANGE, RESET])
    def test_when_the_password_opens_the_account_then_it_is_changed(self, directory, durand, open_browser, path):
        page = use(open_browser(directory={"prove_by_bind": True}), path, durand, PASSWORD, NEW)

        assert SAVED in page.main

    def test_when_another_password_was_stored_then_perhaps_is_said_after_one_bind(
        self, directory, durand, network, open_browser
    ):
        network.replace(NEW.encode(), OTHER.encode(), lambda packet: b"userPassword" in packet)
        browser = open_browser(directory={"servers": [network.url], "prove_by_bind": True})

        page = browser.change(durand, PASSWORD, NEW)

        assert PERHAPS in page.main
        assert len(directory.read(durand)["pwdFailureTime"]) == 1

    def test_when_nobody_answers_it_then_perhaps_is_said(self, directory, durand, network, open_browser):
        network.lose_answer(lambda packet: NEW.encode() in packet and b"userPassword" not in packet)
        browser = open_browser(directory={"servers": [network.url], "prove_by_bind": True, **IMPATIENT})

        page = browser.change(durand, PASSWORD, NEW)

        assert PERHAPS in page.main


class TestPassword:
    @pytest.mark.parametrize("path", [CHANGE, RESET])
    @pytest.mark.parametrize("server", [DirectoryWithoutPolicy], indirect=True)
    def test_when_the_directory_has_no_policy_overlay_then_it_is_not_said_to_be_changed(
        self, directory, durand, open_browser, path
    ):
        page = use(open_browser(), path, durand, PASSWORD, NEW)

        assert page.status == 503
        assert SAVED not in page.main

    @pytest.mark.parametrize("path", [CHANGE, RESET])
    def test_when_the_answer_shows_no_entry_then_one_read_proves_it(
        self, directory, durand, network, open_browser, path
    ):
        network.replace(POST_READ, UNKNOWN_CONTROL)

        page = use(open_browser(directory={"servers": [network.url]}), path, durand, PASSWORD, NEW)

        assert SAVED in page.main
        assert directory.binds(durand, NEW)

    @pytest.mark.parametrize("stamp", ["mamiaPasswordStamp", ""])
    def test_when_it_is_changed_twice_within_a_second_then_both_are_said_to_be_changed(
        self, directory, durand, open_browser, stamp
    ):
        """The time of the change is the same then."""
        browser = open_browser(rate_limits=WIDE, people={"password_stamp": stamp})
        wait_until(lambda: time.time() % 1 < 0.2)

        pages = [browser.change(durand, PASSWORD, NEW), browser.change(durand, NEW, OTHER)]

        assert all(SAVED in page.main for page in pages)
        assert directory.binds(durand, OTHER)

    @pytest.mark.parametrize("path", [CHANGE, RESET])
    def test_when_entries_have_no_stamp_then_it_is_changed(self, directory, durand, open_browser, path):
        page = use(open_browser(people={"password_stamp": ""}), path, durand, PASSWORD, NEW)

        assert SAVED in page.main
        assert "mamiaPasswordStamp" not in directory.read(durand)

    def test_when_entries_have_no_stamp_and_the_answer_is_lost_then_a_bind_proves_it(
        self, directory, durand, network, open_browser
    ):
        network.lose_answer(lambda packet: b"userPassword" in packet)
        browser = open_browser(people={"password_stamp": ""}, directory={"servers": [network.url], **IMPATIENT})

        page = browser.change(durand, PASSWORD, NEW)

        assert SAVED in page.main

    def test_when_entries_have_no_stamp_and_its_write_is_delayed_then_perhaps_is_said(
        self, directory, durand, network, open_browser
    ):
        network.delay(lambda packet: b"userPassword" in packet)
        browser = open_browser(people={"password_stamp": ""}, directory={"servers": [network.url], **IMPATIENT})

        page = browser.change(durand, PASSWORD, NEW)
        network.deliver()

        assert PERHAPS in page.main
