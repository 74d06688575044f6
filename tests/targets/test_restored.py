"""A real realm, a real slapd restored from a real backup, and `mamia sync` as a process that is also killed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.account.model import Secret
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from tests.support.authenticated import account_of
from tests.support.backup import BACKUPS
from tests.support.kdc_server import ADMIN, REALM, KdcServer
from tests.support.polling import wait_until
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.worker_process import WorkerProcess
from tests.support.workstation_settings import worker_section

pytestmark = pytest.mark.xdist_group("kerberos")
FIRST, SECOND, THIRD = "Premier-Pw-2025!", "Deuxieme-Pw-2025!", "Troisieme-Pw-2025!"
LOGIN = "fdurand4"


@pytest.fixture(scope="module")
def kdc(tmp_path_factory):
    """A realm without a history: it would take a former password again."""
    server = KdcServer(tmp_path_factory.mktemp("kdc"))
    server.admin("addpol -minlength 8 plain")
    server.start()
    server.add_person(LOGIN, PASSWORD, "plain")
    yield server
    server.stop()


@pytest.fixture
def config(directory, tmp_path, kdc) -> Path:
    more = f"""
{worker_section(tmp_path, directory)}
state_folder = "{tmp_path}/state"
poll_seconds = 0.1
[workstation.targets.domain]
type = "kerberos"
realm = "{REALM}"
admin_principal = "{ADMIN}"
keytab_file = "{kdc.keytab}"
krb5_conf = "{kdc.krb5_conf}"
timeout_seconds = 20
"""
    return write_settings_file(tmp_path, directory, more=more)


@pytest.fixture
def worker(config, tmp_path):
    process = WorkerProcess(config, tmp_path / "worker.log")
    yield process
    process.stop()


@pytest.fixture
def change(config):
    gateway = build_gateway(load(config))
    passwords = gateway.directory.passwords

    def changed(current: str, new: str) -> None:
        account = account_of(passwords, LOGIN, current)
        passwords.set_password(account, Secret(new))

    yield changed
    gateway.close()


def step(directory: SlapdServer) -> str:
    [value] = directory.read(LOGIN)["mamiaSyncState"]
    return value.split(";")[1]


def saved_numbers(folder: Path) -> dict[str, int]:
    file = folder / "restore-token.json"
    return dict(json.loads(file.read_text())["numbers"]) if file.exists() else {}


def sync(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway.cli.main", "sync", "--config", str(config), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


class TestRestored:
    @pytest.mark.parametrize("make", BACKUPS)
    @pytest.mark.parametrize("end", ["stop", "kill"])
    def test_when_an_old_password_waited_in_the_backup_then_it_reaches_the_realm_only_by_an_operators_decision(
        self, directory, kdc, config, worker, change, tmp_path, make, end
    ):
        directory.add_person(LOGIN, departmentNumber="rectorat")
        worker.start()
        wait_until(lambda: saved_numbers(tmp_path / "state") != {})
        worker.stop()
        change(PASSWORD, FIRST)
        backup = make(directory, tmp_path)
        worker.start()
        wait_until(lambda: step(directory) == "done")
        change(FIRST, SECOND)
        wait_until(lambda: step(directory) == "done")
        getattr(worker, end)()
        backup.restore()
        assert step(directory) == "pending"

        worker.start()
        wait_until(lambda: step(directory) != "pending")

        assert step(directory) == "held"
        assert kdc.kinit(LOGIN, SECOND)
        assert not kdc.kinit(LOGIN, FIRST)
        wait_until(lambda: "the directory was restored from a backup. 1 people" in worker.log.read_text())
        assert sync(config, "resume", LOGIN).returncode == 0
        wait_until(lambda: step(directory) == "done")
        assert kdc.kinit(LOGIN, FIRST)
        change(FIRST, THIRD)
        wait_until(lambda: step(directory) == "done")
        assert kdc.kinit(LOGIN, THIRD)
        assert not re.search("|".join(map(re.escape, (FIRST, SECOND, THIRD))), worker.log.read_text())
