"""The web process dies around its Modify: password, sealed password and state are written together or not at all."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress

import pytest
import requests

from gateway.protection.seal import make_key_pair
from tests.support.browser import CHANGE
from tests.support.ports import free_port
from tests.support.serve_process import ServeProcess, fields_of
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD
from tests.support.workstation_settings import ABSENT_DOMAIN

NEW = "Nouveau-2025"
MIN_ROUNDS = 12
MAX_ROUNDS = 100


@pytest.fixture
def front_end(directory, tmp_path):
    """`mamia serve`, not yet started, with a target that only the worker can reach."""
    make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
    port = free_port()
    config = write_settings_file(
        tmp_path,
        directory,
        in_web=f"port = {port}\nsecure_cookies = false",
        more=f"""
[captcha]
required = []
[workstation]
public_key_file = "{tmp_path}/worker.pub"
{ABSENT_DOMAIN}""",
    )

    front_end = ServeProcess(config, port)
    yield front_end
    front_end.stop()


def send_change(front_end: ServeProcess, login: str) -> None:
    """The page's form, sent; nobody knows what becomes of it."""
    with requests.Session() as session, suppress(requests.RequestException):
        token = fields_of(session.get(front_end.address + CHANGE).text)["csrf_token"]
        typed = {"login": login, "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
        session.post(front_end.address + CHANGE, data={"csrf_token": token, **typed}, timeout=60)


class TestChange:
    def test_when_the_web_process_is_killed_at_any_moment_then_nothing_is_half_written(self, directory, front_end):
        chance = random.Random(3)
        outcomes: list[bool] = []
        front_end.start()
        began = time.monotonic()
        send_change(front_end, directory.add_person("undisturbed", departmentNumber="rectorat"))
        usual_seconds = time.monotonic() - began
        while len(outcomes) < MIN_ROUNDS or len(set(outcomes)) < 2:
            assert len(outcomes) < MAX_ROUNDS, f"all of them ended in the same way: is_new={outcomes[0]}"
            login = directory.add_person(f"person{len(outcomes)}", departmentNumber="rectorat")
            before = directory.read(login)["userPassword"]
            sender = threading.Thread(target=send_change, args=(front_end, login))
            sender.start()
            time.sleep(chance.uniform(0, 1.5 * usual_seconds))
            front_end.kill()
            sender.join()

            # slapd may still have the write in hand: one search shows all of one moment.
            entry = directory.read(login)
            is_new = entry["userPassword"] != before
            assert ("mamiaPendingSecret" in entry) is is_new
            assert ("mamiaSyncState" in entry) is is_new
            if is_new:
                assert directory.binds(login, NEW)
                assert not directory.binds(login, PASSWORD)
            outcomes.append(is_new)
            front_end.start()
