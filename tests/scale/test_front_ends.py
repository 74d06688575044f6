"""Two front ends with one Redis and the same keys: what began at one goes on at the other."""

from __future__ import annotations

import pytest

from gateway.app import create_app
from tests.support.browser import CHANGE, RESET, Browser
from tests.support.slapd_server import PASSWORD

KEYS = ["a key that both front ends of an academy have, and nobody else"]
NEW = "Nouveau-2025"


@pytest.fixture
def two(build, redis):
    """A browser, and what leads it to the other front end: `browser, go_to_the_other = two`."""
    sections = {"web": {"secret_keys": KEYS}, "rate_limits": {"store": redis.url, "per_login": "3/hour"}}
    apps = [create_app(build(**sections)) for _ in range(2)]
    browser = Browser(apps[0])

    def go_to_the_other():
        apps.reverse()
        browser.client.application = apps[0]

    return browser, go_to_the_other


class TestForm:
    def test_when_opened_at_one_front_end_and_sent_to_the_other_then_it_is_taken(self, directory, two):
        browser, go_to_the_other = two
        directory.add_person("fdurand4")
        page = browser.open(CHANGE)

        go_to_the_other()

        typed = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
        assert "Mot de passe modifié" in browser.send(CHANGE, page, **typed).main


class TestReset:
    def test_when_proved_at_one_front_end_and_chosen_at_the_other_then_the_password_is_set(self, directory, two):
        browser, go_to_the_other = two
        directory.add_person("fdurand4")
        page = browser.prove("fdurand4")

        go_to_the_other()

        assert "Mot de passe modifié" in browser.choose(page, NEW).main
        assert directory.binds("fdurand4", NEW)


class TestTicket:
    def test_when_used_at_one_front_end_then_the_other_refuses_it(self, directory, two):
        browser, go_to_the_other = two
        directory.add_person("fdurand4")
        page = browser.prove("fdurand4")
        browser.choose(page, NEW)

        go_to_the_other()
        browser.send(RESET, page, new_password="Encore-Un-2026", confirmation="Encore-Un-2026")

        assert directory.binds("fdurand4", NEW)


class TestRateLimit:
    def test_when_attempts_are_spread_over_front_ends_then_they_are_added_up(self, directory, two):
        browser, go_to_the_other = two
        directory.add_person("fdurand4")
        for _ in range(3):
            browser.change("fdurand4", "wrong", NEW)
            go_to_the_other()

        assert browser.change("fdurand4", PASSWORD, NEW).status == 429
