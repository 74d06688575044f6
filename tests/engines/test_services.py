"""Each service in Chromium, Firefox and WebKitGTK, with JavaScript and without: the robot check, to the directory."""

from __future__ import annotations

import pytest

from gateway.protection.replay import MemoryReplayCache
from gateway.protection.tickets import Ticket, Tickets
from tests.engines.conftest import KEY, LOGIN
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.slapd_server import NUMEN, PASSWORD

NEW = "Nouveau-2025"


@pytest.fixture
def pass_robot_check(page, javascript):
    """Nothing where there is JavaScript; else the characters, by somebody who reads them right."""

    def by_eye():
        ticket = Tickets([KEY], replay_cache=MemoryReplayCache()).open("captcha", page.value("challenge"))
        assert isinstance(ticket, Ticket)
        page.fill(captcha=ticket.payload["answer"].lower())

    return (lambda: None) if javascript else by_eye


class TestFind:
    def test_when_the_answers_are_right_then_login_and_address_are_shown(self, page, site, pass_robot_check):
        page.open(site.address + FIND)
        page.fill(surname="Durand", given_name="François", birth_date="27/03/1985")
        pass_robot_check()
        page.send()

        assert f"{LOGIN}@ac-example.fr" in page.text


class TestReset:
    def test_when_the_proofs_are_right_then_the_password_that_was_chosen_works(
        self, page, site, pass_robot_check, directory
    ):
        page.open(site.address + RESET)
        page.fill(login=LOGIN, proof=NUMEN, birth_date="27/03/1985")
        pass_robot_check()
        page.send()
        page.fill(new_password=NEW, confirmation=NEW)
        page.send()

        assert "est modifié" in page.text
        assert directory.binds(LOGIN, NEW)


class TestChange:
    def test_when_the_password_is_right_then_the_new_one_works(self, page, site, pass_robot_check, directory):
        page.open(site.address + CHANGE)
        page.fill(login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        pass_robot_check()
        page.send()

        assert "est modifié" in page.text
        assert directory.binds(LOGIN, NEW)
