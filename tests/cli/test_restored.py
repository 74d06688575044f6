"""What an operator sees and decides after the directory was restored from a backup."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from gateway.account.model import Secret
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from tests.support import crashing_worker
from tests.support.authenticated import account_of
from tests.support.backup import LdifBackup
from tests.support.mamia_command import run_mamia
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD
from tests.support.worker_process import WorkerProcess
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

NEW = "Nouveau-2025"
PEOPLE = ("fdurand4", "amartin2")
LINE = "a restored directory"


@pytest.fixture
def config(directory, tmp_path) -> Path:
    """A target that nobody serves, so that what is sent there waits."""
    more = f"""
[metrics]
worker_port = {free_port()}
{worker_section(tmp_path, directory)}
state_folder = "{tmp_path}/state"
poll_seconds = 0.1
{ABSENT_DOMAIN}"""
    return write_settings_file(tmp_path, directory, more=more)


@pytest.fixture
def worker(config, tmp_path):
    process = WorkerProcess(config, tmp_path / "worker.log")
    yield process
    process.stop()


@pytest.fixture
def restored(directory, config, worker, tmp_path) -> None:
    """Two people whose password waited in the backup that was restored, and a worker that has noticed it."""
    wait_in_a_backup(directory, config, worker, tmp_path).restore()
    wait_until(lambda: "the directory was restored from a backup. 2 people" in worker.log.read_text())


def wait_in_a_backup(directory, config: Path, worker: WorkerProcess, folder: Path) -> LdifBackup:
    """A backup in which two passwords wait; the worker then tries to deliver them."""
    for login in PEOPLE:
        directory.add_person(login, departmentNumber="rectorat")
        change(config, login, PASSWORD, NEW)
    backup = LdifBackup(directory, folder)
    worker.start()
    wait_until(lambda: all(";0;" not in directory.read(login)["mamiaSyncState"][0] for login in PEOPLE))
    return backup


def change(config: Path, login: str, current: str, new: str) -> None:
    gateway = build_gateway(load(config))
    passwords = gateway.directory.passwords
    passwords.set_password(account_of(passwords, login, current), Secret(new))
    gateway.close()


def steps(directory) -> list[str]:
    return [directory.read(login)["mamiaSyncState"][0].split(";")[1] for login in PEOPLE]


class TestWorker:
    def test_when_it_is_killed_while_it_holds_then_the_next_one_holds_the_others(
        self, directory, config, worker, tmp_path
    ):
        backup = wait_in_a_backup(directory, config, worker, tmp_path)
        worker.stop()
        backup.restore()

        killed = subprocess.run([sys.executable, crashing_worker.__file__, str(config), crashing_worker.AFTER_RECORD])
        half_way = sorted(steps(directory))
        worker.start()
        wait_until(lambda: steps(directory) == ["held", "held"])

        assert killed.returncode == -signal.SIGKILL
        assert half_way == ["held", "pending"]


class TestStatus:
    def test_when_passwords_are_held_then_it_names_them_and_both_decisions(self, restored, config):
        table, as_json = (
            run_mamia("sync", "--config", config, "status").stdout,
            run_mamia("sync", "status", "--json", "--config", config),
        )

        for login in PEOPLE:
            assert re.search(rf"{login} +domain +held \(needs you\)", table)
        assert "mamia sync resume LOGIN" in table
        assert "mamia sync forget" in table
        rows = json.loads(as_json.stdout)
        assert [(row["state"], row["needs_operator"]) for row in rows] == [("held", True)] * 2


class TestAccount:
    def test_when_its_password_is_held_then_the_helpdesk_sees_why(self, restored, config):
        shown = run_mamia("account", PEOPLE[0], "show", "--config", config).stdout

        assert "held since" in shown
        assert "the directory was restored from a backup" in shown


class TestMetrics:
    def test_when_passwords_are_held_then_they_are_counted_apart(self, restored, config):
        port = load(config).metrics.worker_port

        def shown() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                text: bytes = answer.read()
                return text.decode()

        wait_until(lambda: 'mamia_propagation_held{target="domain"} 2.0' in shown())
        assert 'mamia_propagation_waiting{target="domain"} 0.0' in shown()


class TestRetry:
    def test_when_the_password_is_held_then_it_names_the_command_that_lets_it_go(self, restored, directory, config):
        done = run_mamia("sync", "--config", config, "retry", PEOPLE[0])

        assert done.returncode == 1
        assert f"mamia sync resume {PEOPLE[0]}" in done.stderr
        assert steps(directory) == ["held", "held"]


class TestForget:
    def test_when_all_that_are_held_are_meant_then_their_passwords_are_erased(self, restored, directory, config):
        done = run_mamia("sync", "--config", config, "forget", "--all-held")

        assert done.returncode == 0, done.stderr
        assert steps(directory) == ["expired", "expired"]
        assert all("mamiaPendingSecret" not in directory.read(login) for login in PEOPLE)

    def test_when_a_held_login_is_named_then_the_other_one_stays_held(self, restored, directory, config):
        assert run_mamia("sync", "--config", config, "forget", PEOPLE[1]).returncode == 0

        assert steps(directory) == ["held", "expired"]


class TestResume:
    def test_when_a_login_is_named_then_that_one_alone_is_delivered(self, restored, directory, config):
        done = run_mamia("sync", "--config", config, "resume", PEOPLE[0].upper())

        assert done.stdout == f"{PEOPLE[0]}: will be delivered now to domain\n"
        assert steps(directory) == ["pending", "held"]

    def test_when_all_are_meant_then_nobody_is_held_any_more(self, restored, directory, config):
        done = run_mamia("sync", "--config", config, "resume", "--all-held")

        assert done.returncode == 0, done.stderr
        assert steps(directory) == ["pending", "pending"]

    @pytest.mark.parametrize("who", ["fdurand4", "--all-held"])
    def test_when_nothing_is_held_then_the_command_says_so(self, directory, config, who):
        done = run_mamia("sync", "--config", config, "resume", who)

        assert done.returncode == 1
        assert "nothing is held" in done.stderr

    @pytest.mark.parametrize("arguments", [[], ["fdurand4", "--all-held"]])
    def test_when_it_is_not_clear_who_is_meant_then_it_does_nothing(self, config, arguments):
        assert run_mamia("sync", "--config", config, "resume", *arguments).returncode == 2


class TestSync:
    def test_when_the_state_folder_can_not_be_written_then_one_sentence_says_so(self, config, tmp_path):
        (tmp_path / "state").write_text("a file")

        done = run_mamia("sync", "--config", config)

        assert done.returncode == 1
        assert f"workstation.state_folder: {tmp_path}/state: File exists" in done.stderr
        assert "Traceback" not in done.stderr


def without_folder(config: Path) -> None:
    config.write_text(re.sub(r"state_folder = .*\n", "", config.read_text()))


class TestCheck:
    def test_when_passwords_are_held_then_it_warns_and_names_them(self, restored, config):
        shown = run_mamia("check", "--config", config).stdout

        assert re.search(rf"WARN  {LINE}: .* 2 people are held: .*fdurand4", shown)
        assert f"OK    {LINE}: would be noticed" in shown

    def test_when_no_state_folder_is_set_then_it_warns_that_a_stopped_worker_notices_nothing(
        self, directory, config, worker
    ):
        without_folder(config)
        worker.start()
        wait_until(lambda: "worker ready" in worker.log.read_text())
        wait_until(lambda: "would not be noticed yet" not in run_mamia("check", "--config", config).stdout)

        shown = run_mamia("check", "--config", config).stdout

        assert f"WARN  {LINE}: is noticed only while the worker runs" in shown
