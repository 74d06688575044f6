"""The receiver of docs/webhooks.md, as it stands there, with the real service before it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from gateway.notifications.webhook_secrets import new_secret
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.slapd_server import PASSWORD

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
LOGIN, NEW = "fdurand4", "Nouveau-2025"


def documented_program() -> str:
    found = re.search(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def program(secret_file, tmp_path):
    """The receiver as a process of its own: its port, and the file of what it prints."""
    port, printed = free_port(), tmp_path / "printed"
    with printed.open("wb") as output:
        command = [sys.executable, "-W", "error", "-c", documented_program(), str(secret_file), str(port)]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)

    def listens():
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
        return False

    wait_until(listens)
    yield f"http://127.0.0.1:{port}/", printed
    process.terminate()
    process.wait(60)


class TestReceiver:
    def test_when_a_password_is_changed_then_it_prints_whose(self, directory, open_browser, section, program):
        url, printed = program
        directory.add_person(LOGIN)
        browser = open_browser(webhooks=section(url=url))

        browser.change(LOGIN, PASSWORD, NEW)

        wait_until(lambda: printed.read_text() == f"account.changed {LOGIN}\n")

    def test_when_the_secret_changes_then_it_verifies_the_former_one_as_long_as_both_sign(
        self, directory, open_browser, section, program, secret_file
    ):
        url, printed = program
        secret_file.write_text(f"{new_secret()}\n{secret_file.read_text()}")
        directory.add_person(LOGIN)
        browser = open_browser(webhooks=section(url=url))

        browser.change(LOGIN, PASSWORD, NEW)

        wait_until(lambda: printed.read_text() == f"account.changed {LOGIN}\n")

    def test_when_somebody_else_sends_then_it_refuses(self, program):
        url, printed = program

        forged = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
        answers = [requests.post(url, data=b"{}", headers=headers, timeout=60) for headers in ({}, forged)]

        assert [answer.status_code for answer in answers] == [400, 400]
        assert printed.read_text() == ""

    def test_when_its_lines_are_counted_then_it_is_short(self):
        handler = documented_program().partition("class Receiver")[2].partition("\nHTTPServer")[0]

        assert len(handler.strip().splitlines()) <= 10
