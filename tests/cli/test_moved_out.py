"""An entry that is moved out of people.base while a password waits in it: an operator sees it and can forget it."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import ldap
import pytest

from gateway.account.model import Secret
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from tests.support.authenticated import account_of
from tests.support.mamia_command import run_mamia
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, SUFFIX, SlapdServer
from tests.support.upgraded_slapd import NEW_AND_UPGRADED
from tests.support.worker_process import WorkerProcess
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

pytestmark = pytest.mark.parametrize("server", NEW_AND_UPGRADED, indirect=True)
NEW = "Nouveau-2025"
LOGIN = "fdurand4"
LEAVERS = f"ou=leavers,{SUFFIX}"
DONE = "domain;done;0123456789ab;20260101T080000Z;1;20260101T080001Z;normal;"
MOVED = f"uid={LOGIN},{LEAVERS}"


@pytest.fixture
def config(directory, tmp_path) -> Path:
    """A target that nobody serves, so that what is sent there waits."""
    more = f"""
[metrics]
worker_port = {free_port()}
{worker_section(tmp_path, directory)}
state_folder = "{tmp_path}/state"
{ABSENT_DOMAIN}"""
    return write_settings_file(tmp_path, directory, more=more)


@pytest.fixture
def leavers(directory):
    """Their folder; it goes with everybody in it."""
    with directory.as_admin() as line:
        line.add_s(LEAVERS, [("objectClass", [b"organizationalUnit"]), ("ou", [b"leavers"])])
    yield LEAVERS
    with directory.as_admin() as line:
        for dn, _ in reversed(line.search_s(LEAVERS, ldap.SCOPE_SUBTREE, attrlist=["1.1"])):
            line.delete_s(dn)


@pytest.fixture
def moved(directory, config, leavers) -> str:
    """The DN of somebody who left while a password waited."""
    directory.add_person(LOGIN, departmentNumber="rectorat")
    gateway = build_gateway(load(config))
    passwords = gateway.directory.passwords
    passwords.set_password(account_of(passwords, LOGIN, PASSWORD), Secret(NEW))
    gateway.close()
    with directory.as_admin() as line:
        line.rename_s(directory.dn(LOGIN), f"uid={LOGIN}", newsuperior=leavers)
    return MOVED


def entry(directory: SlapdServer) -> dict[str, list[bytes]]:
    with directory.as_admin() as line:
        [(_, attributes)] = line.search_s(MOVED, ldap.SCOPE_BASE, attrlist=["*"])
    values: dict[str, list[bytes]] = attributes
    return values


class TestForget:
    def test_when_the_entry_was_moved_out_then_the_sealed_password_is_erased(self, directory, config, moved):
        done = run_mamia("sync", "--config", config, "forget", LOGIN)

        assert done.returncode == 0, done.stderr
        assert "mamiaPendingSecret" not in entry(directory)
        assert "mamiaSyncState" not in entry(directory)
        assert run_mamia("sync", "--config", config, "status").stdout == "nothing waits, nothing was sent yet\n"

    def test_when_two_entries_have_the_login_then_it_asks_for_the_dn_and_takes_it(self, directory, config, moved):
        directory.add_person(LOGIN, departmentNumber="rectorat")
        directory.set(LOGIN, "mamiaSyncState", entry(directory)["mamiaSyncState"][0].decode())
        directory.set(LOGIN, "mamiaPendingSecret", "sealed")

        unclear = run_mamia("sync", "--config", config, "forget", LOGIN)
        clear = run_mamia("sync", "--config", config, "forget", moved.upper())

        assert unclear.returncode == 1
        assert f'"{MOVED}"' in unclear.stderr
        assert clear.returncode == 0, clear.stderr
        assert "mamiaPendingSecret" not in entry(directory)
        assert "mamiaPendingSecret" in directory.read(LOGIN)


class TestRetry:
    def test_when_the_entry_was_moved_out_then_it_says_that_nothing_is_delivered_there(self, config, moved):
        done = run_mamia("sync", "--config", config, "retry", LOGIN)

        assert done.returncode == 1
        assert "moved out of people.base" in done.stderr


class TestResume:
    def test_when_the_entry_was_moved_out_then_nothing_is_promised_and_nothing_changes(
        self, directory, config, moved
    ):
        held = DONE.replace(";done;", ";held;").encode()
        with directory.as_admin() as line:
            line.modify_s(moved, [(ldap.MOD_REPLACE, "mamiaSyncState", [held])])

        done = run_mamia("sync", "--config", config, "resume", LOGIN)

        assert done.returncode == 1
        assert "nothing is held" in done.stderr
        assert entry(directory)["mamiaSyncState"] == [held]


class TestCheck:
    def test_when_the_entry_was_moved_out_then_it_warns_and_names_it(self, directory, config, moved):
        shown = run_mamia("check", "--config", config).stdout

        assert re.search(rf"WARN  passwords that wait elsewhere: 1 in entries moved out of .*: {moved}", shown)

    def test_when_nobody_was_moved_out_then_it_says_so(self, directory, config, leavers):
        assert "OK    passwords that wait elsewhere: none" in run_mamia("check", "--config", config).stdout


class TestWorker:
    def test_when_the_entry_was_moved_out_then_it_counts_it_and_delivers_once_it_is_back(
        self, directory, config, moved, tmp_path
    ):
        worker, port = WorkerProcess(config, tmp_path / "worker.log"), load(config).metrics.worker_port

        def shown() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                text: bytes = answer.read()
                return text.decode()

        worker.start()
        try:
            wait_until(lambda: "worker ready" in worker.log.read_text())
            wait_until(lambda: "mamia_propagation_moved_out 1.0" in shown())
            assert b";0;" in entry(directory)["mamiaSyncState"][0]
            with directory.as_admin() as line:
                line.rename_s(MOVED, f"uid={LOGIN}", newsuperior=directory.dn(LOGIN).partition(",")[2])
            wait_until(lambda: ";0;" not in directory.read(LOGIN)["mamiaSyncState"][0])
        finally:
            worker.stop()


class TestStatus:
    def test_when_the_entry_was_moved_out_then_it_shows_what_waits_and_what_to_do(self, config, moved):
        table, as_json = (
            run_mamia("sync", "--config", config, "status").stdout,
            run_mamia("sync", "status", "--json", "--config", config),
        )

        assert re.search(rf"{LOGIN} .* moved out \(needs you\) .* {MOVED}", table)
        assert "mamia sync forget LOGIN" in table
        [row] = json.loads(as_json.stdout)
        assert (row["login"], row["state"], row["needs_operator"]) == (LOGIN, "moved out", True)

    def test_when_somebody_left_whose_password_had_arrived_then_it_is_not_listed(self, directory, config, leavers):
        directory.add_person(LOGIN, departmentNumber="rectorat", mamiaSyncState=DONE)
        with directory.as_admin() as line:
            line.rename_s(directory.dn(LOGIN), f"uid={LOGIN}", newsuperior=leavers)

        assert run_mamia("sync", "--config", config, "status").stdout == "nothing waits, nothing was sent yet\n"
