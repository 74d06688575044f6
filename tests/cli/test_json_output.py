"""What commands on a directory print with --json: the keys that docs/commands.md promises, and no secret."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.account.model import Secret
from gateway.checks.capture import ask_listener
from gateway.cli.json_forms import ACCOUNT_CHANGE, ERROR, FORMS, LOG
from gateway.composition.web import build_gateway
from gateway.demo.private_slapd import ADMIN
from gateway.settings.loader import load
from tests.support.authenticated import account_of
from tests.support.json_form import objects, problems_of
from tests.support.mamia_command import MAMIA, PeopleImport, run_mamia
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import NUMEN, PASSWORD, POLICIES
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

NEW = "Nouveau-2025"
SECRETS = (NUMEN, "19850327", PASSWORD, NEW, "ARGON2")
HEAD = "surname;given_name;birth_date;numen;temporary_agent_number;department\n"
DURAND = "Durand;François;27/03/1985;12E8534567ABC;;rectorat\n"
MARTIN = "Martin;Jean-Pierre;1970-12-01;;T0012345;\n"


@pytest.fixture
def config(directory, tmp_path) -> Path:
    """Settings with a workstation that nobody serves, so that new passwords wait."""
    (tmp_path / "admin").write_text(directory.slapd.password("admin"))
    more = f'{worker_section(tmp_path, directory)}\n{ABSENT_DOMAIN}\n[audit]\ndestination = "stderr"\n'
    return write_settings_file(tmp_path, directory, more=more)


@pytest.fixture
def waiting(directory, config) -> str:
    """Somebody whose new password waits, and ends one day."""
    directory.add_person("fdurand4", departmentNumber="rectorat")
    directory.set("fdurand4", "pwdPolicySubentry", f"cn=yearly,{POLICIES}")
    gateway = build_gateway(load(config))
    passwords = gateway.directory.passwords
    passwords.set_password(account_of(passwords, "fdurand4", PASSWORD), Secret(NEW))
    gateway.close()
    return "fdurand4"


@pytest.fixture
def run(config):
    """Runs a command with these settings and --json."""
    return lambda *arguments: run_mamia(*arguments, "--config", config, "--json")


def log_of(command: str, config: Path, is_ready: Callable[[str], bool]) -> str:
    """The log of a command from its start to its end by SIGTERM; `is_ready` judges what is logged so far."""
    file = config.parent / "log"
    with file.open("w") as errors:
        process = subprocess.Popen([*MAMIA, command, "--config", str(config), "--json"], stderr=errors)
    try:
        wait_until(lambda: is_ready(file.read_text()) or process.poll() is not None)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, file.read_text()
    return file.read_text()


def answers(path: Path) -> bool:
    """Whether the listener answers at its socket, and so can be stopped."""
    try:
        return bool(ask_listener(path))
    except (OSError, ValueError):
        return False


class TestAccount:
    def test_when_a_password_waits_then_all_keys_are_there_and_no_secret(self, run, waiting):
        done = run("account", waiting)

        assert done.returncode == 0, done.stderr
        assert problems_of(FORMS["account"], done.stdout) == []
        [state] = objects(FORMS["account"], done.stdout)
        assert [one["target"] for one in state["propagation"]] == ["domain"]
        assert state["expires_at"].endswith("+00:00")
        assert not any(secret in done.stdout for secret in SECRETS)

    def test_when_it_is_unlocked_or_a_change_is_forced_then_the_result_is_an_object(
        self, run, directory, waiting, tmp_path
    ):
        own = ("--bind-dn", ADMIN, "--bind-password-file", tmp_path / "admin")
        not_locked = run("account", waiting, "unlock", *own)
        directory.lock(waiting)
        unlocked = run("account", waiting, "unlock", *own)
        forced = run("account", waiting, "force-change")

        for done in (not_locked, unlocked, forced):
            assert (done.returncode, problems_of(ACCOUNT_CHANGE, done.stdout)) == (0, [])
        assert [json.loads(one.stdout)["done"] for one in (not_locked, unlocked, forced)] == [False, True, True]

    @pytest.mark.parametrize(
        "login, value, kind", [("nobody", None, "not_found"), ("fdurand4", "000001010000Z", "refused")]
    )
    def test_when_nothing_was_done_then_the_error_says_of_which_kind(
        self, run, directory, waiting, tmp_path, login, value, kind
    ):
        directory.set(waiting, "pwdAccountLockedTime", value)

        done = run("account", login, "unlock", "--bind-dn", ADMIN, "--bind-password-file", tmp_path / "admin")

        # The audit, which goes to standard error here, has lines of its own.
        error = done.stderr.splitlines()[-1]
        assert (done.returncode, done.stdout, problems_of(ERROR, error)) == (1, "", [])
        assert json.loads(error)["error"] == kind

    def test_when_the_directory_is_down_then_the_error_names_its_server(self, run, directory):
        directory.kill()

        for done in (run("account", "fdurand4"), run("sync", "status")):
            [error] = objects(ERROR, done.stderr)
            assert (done.returncode, error["error"]) == (1, "directory")
        assert directory.url in run("account", "fdurand4").stderr


class TestSync:
    def test_when_operators_act_then_each_action_prints_a_list(self, run, waiting):
        status, retry, forget = (
            run("sync", "status"),
            run("sync", "retry", waiting),
            run("sync", "forget", waiting),
        )

        for name, done in {"status": status, "retry": retry, "forget": forget}.items():
            assert (done.returncode, done.stderr) == (0, "")
            assert problems_of(FORMS[f"sync {name}"], done.stdout) == []
            assert [one["login"] for one in json.loads(done.stdout)] == [waiting]
        assert not any(secret in status.stdout + forget.stdout for secret in SECRETS)

    @pytest.mark.parametrize("action", [["retry", "nobody"], ["forget", "nobody"], ["resume", "--all-held"]])
    def test_when_there_is_nothing_to_act_on_then_the_error_says_so(self, run, action):
        done = run("sync", *action)

        [error] = objects(ERROR, done.stderr)
        assert (done.returncode, done.stdout, error["error"]) == (1, "", "not_found")

    def test_when_the_option_is_typed_before_the_action_then_it_is_the_same(self, config, waiting):
        done = run_mamia("sync", "--json", "--config", config, "status")

        assert problems_of(FORMS["sync status"], done.stdout) == []
        assert json.loads(done.stdout)

    def test_when_the_worker_runs_then_each_line_of_its_log_is_an_object(self, config):
        logged = log_of("sync", config, lambda logged: "worker ready" in logged)

        assert problems_of(LOG, logged) == []
        assert objects(LOG, logged)[-1]["message"] == "worker stopped"


class TestCapture:
    def test_when_the_listener_runs_then_each_line_of_its_log_is_an_object(self, config):
        with tempfile.TemporaryDirectory(prefix="c-") as short:
            config.write_text(config.read_text() + f'[capture]\nsocket = "{short}/s"\nanswer_only = true\n')

            logged = log_of("capture", config, lambda _: answers(Path(short) / "s"))

        assert problems_of(LOG, logged) == []
        assert objects(LOG, logged)[-1]["message"] == "capture stopped"


class TestServe:
    def test_when_the_service_runs_then_each_line_of_its_log_is_an_object(self, directory, tmp_path):
        port = free_port()
        config = write_settings_file(tmp_path, directory, in_web=f"port = {port}", more="[captcha]\nrequired = []\n")
        service = ServeProcess(config, port, log=tmp_path / "log", options=["--json"])
        service.start()
        service.stop()

        logged = (tmp_path / "log").read_text()
        assert problems_of(LOG, logged) == []
        assert any("captcha.required is empty" in one["message"] for one in objects(LOG, logged))
        assert any(one["request"] != "-" for one in objects(LOG, logged))


class TestCheck:
    def test_when_problems_alone_are_wanted_then_the_list_has_no_other(self, run, directory):
        whole, problems = run("check"), run("check", "--problems")

        for done in (whole, problems):
            assert problems_of(FORMS["check"], done.stdout) == []
        assert {one["level"] for one in json.loads(problems.stdout)} < {
            one["level"] for one in json.loads(whole.stdout)
        }
        assert not any(one["level"] == "OK" for one in json.loads(problems.stdout))


class TestPeopleImport:
    @pytest.fixture
    def load_staff(self, directory, tmp_path):
        return PeopleImport(directory, tmp_path)

    def test_when_it_is_tried_out_then_the_report_is_one_object_without_numbers(self, load_staff):
        done = load_staff(HEAD + DURAND + "Martin;;;;;\n", "--dry-run", "--json")

        assert (done.returncode, done.stderr) == (1, "")
        assert problems_of(FORMS["people import"], done.stdout) == []
        report = json.loads(done.stdout)
        assert (report["dry_run"], report["created"], len(report["faults"]), len(report["lines"])) == (True, 1, 1, 1)
        assert "12E8534567ABC" not in done.stdout

    def test_when_it_runs_then_the_counts_are_those_of_the_entries(self, load_staff):
        first, second = load_staff(HEAD + DURAND, "--json"), load_staff(HEAD + DURAND, "--json")

        assert (first.returncode, first.stderr, problems_of(FORMS["people import"], first.stdout)) == (0, "", [])
        assert json.loads(first.stdout)["created"] == json.loads(second.stdout)["unchanged"] == 1

    def test_when_too_many_would_leave_then_the_error_says_that_it_was_refused(self, load_staff):
        load_staff(HEAD + DURAND + MARTIN)

        done = load_staff(HEAD + DURAND, "--mark-leavers", "--json")

        [error] = objects(ERROR, done.stderr)
        assert (done.returncode, done.stdout, error["error"]) == (1, "", "refused")
