"""The web process dies around its Modify: password, sealed password and state are written together or not at all."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress

import pytest
import requests
from browser import CHANGE
from directory_server import PASSWORD, free_port
from front_end import FrontEnd, fields_of
from settings_file import write_settings_file

from gateway.protection.seal import make_key_pair

NEW = "Nouveau-2025"
ROUNDS = 12


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
[workstation.targets.domain]
type = "kerberos"
realm = "EXAMPLE.TEST"
admin_principal = "gateway/admin"
keytab_file = "{tmp_path}/keytab"
krb5_conf = "{tmp_path}/krb5.conf"
""",
    )

    front_end = FrontEnd(config, port)
    yield front_end
    front_end.stop()


def test_change_when_the_web_process_is_killed_at_any_moment_then_nothing_is_half_written(directory, front_end):
    chance = random.Random(3)
    for number in range(ROUNDS):
        login = directory.add_person(f"person{number}", departmentNumber="rectorat")
        front_end.start()
        session, address = requests.Session(), front_end.address
        token = fields_of(session.get(address + CHANGE).text)["csrf_token"]
        typed = {"login": login, "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}

        def send(session=session, address=address, token=token, typed=typed):
            with suppress(requests.RequestException):
                session.post(address + CHANGE, data={"csrf_token": token, **typed}, timeout=10)

        sender = threading.Thread(target=send)
        sender.start()
        time.sleep(chance.uniform(0, 0.2))
        front_end.kill()
        sender.join()
        time.sleep(1)  # slapd may still have the write in hand

        entry = directory.read(login)
        is_new = directory.binds(login, NEW)
        assert is_new != directory.binds(login, PASSWORD)
        assert ("mamiaPendingSecret" in entry) is is_new
        assert ("mamiaSyncState" in entry) is is_new
