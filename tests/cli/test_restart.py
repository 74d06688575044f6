"""A restart of `mamia serve` forgets no count and no used ticket."""

from __future__ import annotations

import subprocess
import sys

import pytest
import requests

from tests.support.browser import CHANGE, RESET, Page
from tests.support.ports import free_port
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import NUMEN, PASSWORD

NEW, OTHER = "Nouveau-2025", "Encore-Autre-2026"
MAX_TRIES = 3


@pytest.fixture
def front_end(directory, redis, tmp_path):
    directory.add_person("fdurand4")

    def configure(port):
        more = f'[captcha]\nrequired = []\n[rate_limits]\nstore = "{redis.url}"\nper_login = "{MAX_TRIES}/hour"\n'
        return write_settings_file(tmp_path, directory, in_web=f"port = {port}\nsecure_cookies = false", more=more)

    running = ServeProcess.on_a_free_port(configure)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def send(front_end):
    """Fills in the form of a page, or of that address, and sends it."""
    with requests.Session() as session:
        session.trust_env = False

        def sender(path, page=None, **typed):
            page = page or Page(session.get(front_end.address + path, timeout=60))
            return Page(session.post(front_end.address + path, data={**page.fields, **typed}, timeout=60))

        yield sender


def restart(front_end):
    front_end.stop()
    front_end.start()


class TestTicket:
    def test_when_it_was_used_and_the_service_restarts_then_it_is_refused(self, directory, front_end, send):
        proved = send(RESET, login="fdurand4", proof=NUMEN, birth_date="27/03/1985")
        assert "ticket" in proved.fields
        send(RESET, proved, new_password=NEW, confirmation=NEW)

        restart(front_end)
        again = send(RESET, proved, new_password=OTHER, confirmation=OTHER)

        assert "a déjà été utilisé" in again.main, (
            "the ticket itself is known as used, besides the password that has changed"
        )
        assert directory.binds("fdurand4", NEW)


class TestCounts:
    def test_when_the_service_restarts_then_they_go_on(self, directory, front_end, send):
        wrong = {"login": "fdurand4", "current_password": "wrong", "new_password": NEW, "confirmation": NEW}
        tried = [send(CHANGE, **wrong).status for _ in range(MAX_TRIES)]

        restart(front_end)

        assert tried == [422] * MAX_TRIES
        assert send(CHANGE, **{**wrong, "current_password": PASSWORD}).status == 429
        assert directory.binds("fdurand4", PASSWORD)


class TestService:
    @pytest.mark.parametrize(
        "in_web", ["trusted_proxies = 1", 'allowed_hosts = ["localhost", "mon-compte.ac-example.fr"]']
    )
    def test_when_people_reach_it_and_its_store_is_memory_then_it_does_not_start(self, directory, tmp_path, in_web):
        file = write_settings_file(tmp_path, directory, in_web=f"port = {free_port()}\n{in_web}")

        refused = {
            command: subprocess.run(
                [sys.executable, "-m", "gateway.cli.main", command, "--config", file],
                capture_output=True, text=True, timeout=120,
            )
            for command in ("serve", "check")
        }  # fmt: skip

        for done in refused.values():
            assert done.returncode == 2
            assert "rate_limits.store: keeps counts and used tickets in memory" in done.stderr
