"""What the event store knows, on the page of a person and on that of the week."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gateway.services.known_outcomes import KNOWN
from gateway.web.agents.texts import OUTCOMES, SERVICES
from tests.support.agent_browser import AGENT, PERSON
from tests.support.browser import Browser
from tests.support.polling import wait_until
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
WEEK = "/guichet/semaine"


@pytest.fixture
def kept(open_guichet):
    """A helpdesk that keeps events; its agent is signed in."""
    guichet = open_guichet(events={"keep_days": 30})
    guichet.sign_in()
    return guichet


def reload(guichet):
    return guichet.browser.open(f"{PERSON}/suite")


class TestLastTries:
    def test_when_the_person_failed_then_the_step_is_there(self, kept):
        Browser(kept.browser.app).change("fdurand4", "certainly wrong", "Nouveau-2025")
        kept.look("fdurand4")

        wait_until(lambda: "identifiant ou mot de passe faux" in reload(kept).main)
        assert "certainly wrong" not in reload(kept).source

    def test_when_an_agent_has_looked_then_the_agent_is_named(self, kept):
        kept.look("fdurand4")

        wait_until(lambda: f"fiche ouverte par un agent – {AGENT}" in reload(kept).main)

    def test_when_an_agent_gives_and_closes_a_code_then_both_are_there_with_the_agent(self, kept):
        page = kept.act(kept.look("fdurand4"), "give_code")
        kept.act(page, "close_code")

        wait_until(lambda: f"code donné par un agent – {AGENT}" in reload(kept).main)
        wait_until(lambda: f"code fermé par un agent – {AGENT}" in reload(kept).main)

    def test_when_an_agents_change_is_refused_then_that_is_there(self, kept):
        kept.act(kept.look("fdurand4"), "unlock")

        wait_until(lambda: f"modification d’un agent refusée – {AGENT}" in reload(kept).main)

    def test_when_the_command_acts_then_the_operator_is_there(self, open_guichet, academy, redis, tmp_path):
        shared = {"rate_limits": {"store": redis.url}, "web": {"secret_keys": [KEY]}}
        guichet = open_guichet(events={"keep_days": 30}, **shared)
        guichet.sign_in()
        more = f'[events]\nkeep_days = 30\n[rate_limits]\nstore = "{redis.url}"\n'
        config = write_settings_file(tmp_path, academy, more=more)
        command = [sys.executable, "-m", "gateway.cli.main", "account", "fdurand4", "force-change"]
        subprocess.run([*command, "--config", config], check=True, env={**os.environ, "SUDO_USER": "operateur"})
        guichet.look("fdurand4")

        wait_until(lambda: "nouveau mot de passe exigé par un agent – operateur" in reload(guichet).main)

    def test_when_no_events_are_kept_then_the_part_is_hidden(self, signed_in):
        assert "Derniers essais" not in signed_in.look("fdurand4").main

    def test_when_the_store_is_gone_then_the_rest_is_shown(self, open_guichet, redis, academy):
        guichet = open_guichet(events={"keep_days": 30}, rate_limits={"store": redis.url})
        guichet.sign_in()
        guichet.look("fdurand4")
        redis.stop()

        # Without the store it is not known whether the session was ended.
        assert reload(guichet).status == 503


class TestWeek:
    def test_when_passwords_were_changed_then_they_are_counted(self, kept):
        Browser(kept.browser.app).change("fdurand4", PASSWORD, "Nouveau-2025")

        wait_until(lambda: ";1;" in kept.browser.open(f"{WEEK}.csv").source)
        page = kept.browser.open(WEEK)
        assert page.status == 200
        assert "<svg" in page.source

    def test_when_no_events_are_kept_then_the_page_does_not_exist(self, signed_in):
        assert signed_in.browser.open(WEEK).status == 404

    def test_when_nobody_is_signed_in_then_neither_page_nor_file_is_given(self, open_guichet):
        guichet = open_guichet(events={"keep_days": 30})

        for path in (WEEK, f"{WEEK}.csv"):
            assert guichet.browser.client.get(path).status_code == 303


class TestWords:
    def test_when_an_outcome_can_stand_on_a_persons_page_then_it_has_words(self):
        """A new outcome needs them in gateway/web/agents/texts.py."""
        shown = {str(outcome) for service, outcomes in KNOWN.items() if service in SERVICES for outcome in outcomes}

        assert shown - OUTCOMES.keys() == {"searched"}, "a search is about nobody yet"
