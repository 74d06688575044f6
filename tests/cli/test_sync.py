"""`mamia keygen` and `mamia sync` as an operator runs them."""

from __future__ import annotations

import json
import re
import signal
import socket
import stat
import subprocess
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.account.model import Secret
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from tests.support.authenticated import account_of
from tests.support.mamia_command import MAMIA, run_mamia
from tests.support.matching import first_match
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.ports import free_port
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, SUFFIX
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

NEW = "Nouveau-2025"


@pytest.fixture
def config(directory, tmp_path) -> Path:
    """Settings with a Kerberos target that nobody serves: what is sent there waits."""
    more = f"""
{worker_section(tmp_path, directory)}
lease_seconds = 2
{ABSENT_DOMAIN}"""
    return write_settings_file(tmp_path, directory, more=more)


@pytest.fixture
def waiting(directory, config) -> str:
    """Somebody whose new password waits."""
    directory.add_person("fdurand4", departmentNumber="rectorat")
    gateway = build_gateway(load(config))
    passwords = gateway.directory.passwords
    passwords.set_password(account_of(passwords, "fdurand4", PASSWORD), Secret(NEW))
    gateway.close()
    return "fdurand4"


class TestKeygen:
    def test_when_the_administrators_umask_closes_files_then_the_web_service_can_read_the_public_key_all_the_same(
        self, tmp_path
    ):
        subprocess.run([*MAMIA, "keygen", tmp_path / "worker"], check=True, capture_output=True, umask=0o077)

        modes = [stat.S_IMODE((tmp_path / f"worker.{end}").stat().st_mode) for end in ("pub", "key")]
        assert modes == [0o644, 0o600]

    def test_when_run_twice_then_the_first_pair_stays(self, tmp_path):
        first = run_mamia("keygen", tmp_path / "worker")
        key = (tmp_path / "worker.key").read_bytes()
        second = run_mamia("keygen", tmp_path / "worker")

        assert first.returncode == 0
        assert "workstation.public_key_file" in first.stdout
        assert second.returncode == 1
        assert "exists already" in second.stderr
        assert (tmp_path / "worker.key").read_bytes() == key


def set_past_the_gateway(directory, login):
    """The directory's password is now twenty minutes newer than the one that was sent."""
    [value] = directory.read(login)["mamiaSyncState"]
    since = value.split(";")[3]
    directory.set(
        login, "mamiaSyncState", value.replace(since, f"{datetime.now(UTC) - timedelta(minutes=20):%Y%m%dT%H%M%SZ}")
    )


class TestAccount:
    def test_when_its_password_was_set_past_the_gateway_then_the_helpdesk_sees_it(self, directory, config, waiting):
        set_past_the_gateway(directory, waiting)

        shown = run_mamia("account", waiting, "show", "--config", config).stdout

        assert "another program set" in shown


class TestCheckWithoutWeb:
    @pytest.mark.parametrize(
        "missing, reported",
        [
            (["sync"], "FAIL  worker, listener: neither"),
            (["worker.key"], "FAIL  the worker's keys"),
            ([], "FAIL  workstation.targets.domain: "),
        ],
    )
    def test_when_the_worker_could_not_start_or_deliver_then_it_fails(self, config, tmp_path, missing, reported):
        for name in missing:
            (tmp_path / name).unlink()

        done = run_mamia("check", "--config", config, "--without-web")

        assert done.returncode == 1
        assert reported in done.stdout


class TestCheck:
    def test_when_somebody_changed_a_password_past_the_gateway_then_it_warns_and_names_them(
        self, directory, config, waiting
    ):
        line = "passwords at the workstations"
        before = run_mamia("check", "--config", config).stdout
        set_past_the_gateway(directory, waiting)
        after = run_mamia("check", "--config", config).stdout

        assert f"OK    {line}: the directory has no newer ones" in before
        assert f"WARN  {line}: 1 older than the directory's" in after
        assert waiting in after

    @pytest.mark.parametrize("account", ["sync", "gateway"])
    def test_when_an_account_may_not_read_the_directorys_time_then_it_fails_and_names_it(
        self, directory, config, waiting, account
    ):
        database = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"
        rule = f'to attrs=modifyTimestamp by dn.exact="cn={account},ou=services,{SUFFIX}" none by * break'
        before = run_mamia("check", "--config", config).stdout
        directory.load(f"{database}add: olcAccess\nolcAccess: {{0}}{rule}\n", as_config=True)
        try:
            found = run_mamia("check", "--config", config).stdout
        finally:
            directory.load(f"{database}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)

        assert f"cn={account},ou=services,{SUFFIX} may not read modifyTimestamp" in found
        assert "modifyTimestamp" not in before

    def test_when_the_web_services_secrets_are_not_here_then_it_names_the_way_without_them(self, config, tmp_path):
        (tmp_path / "gateway").unlink()
        (tmp_path / "none.keytab").touch()

        whole, without = (
            run_mamia("check", "--config", config),
            run_mamia("check", "--config", config, "--without-web"),
        )

        assert whole.returncode == 2
        assert "mamia check --without-web" in whole.stderr
        for checked in (
            "the worker's keys: the public key and the private keys belong together",
            "passwords at the workstations",
            "targets.domain",
        ):
            assert checked in without.stdout
        assert "web.secret_keys" not in without.stdout

    @pytest.mark.parametrize("is_workers_machine, level", [(True, "FAIL"), (False, "OK")])
    def test_when_a_targets_secret_can_not_be_read_then_that_is_a_fault_on_the_workers_machine_alone(
        self, directory, config, tmp_path, is_workers_machine, level
    ):
        directory.add_person("fdurand4")
        if not is_workers_machine:
            (tmp_path / "sync").unlink()

        found = json.loads(run_mamia("check", "--config", config, "--json").stdout)

        assert {one["subject"]: one["level"] for one in found}["workstation.targets.domain"] == level


class TestRetry:
    def test_when_a_password_waits_after_failures_then_it_is_due_at_once(self, directory, config, waiting):
        [value] = directory.read(waiting)["mamiaSyncState"]
        tried = value.replace(";0;", ";7;")
        directory.set(waiting, "mamiaSyncState", tried)

        done = run_mamia("sync", "--config", config, "retry", waiting)

        assert done.returncode == 0, done.stderr
        assert ";0;" in directory.read(waiting)["mamiaSyncState"][0]


class TestForget:
    def test_when_a_newer_password_was_set_past_the_gateway_then_what_waits_and_the_mark_go(
        self, directory, config, waiting
    ):
        set_past_the_gateway(directory, waiting)

        done = run_mamia("sync", "--config", config, "forget", waiting)

        assert done.returncode == 0, done.stderr
        assert "mamiaPendingSecret" not in directory.read(waiting)
        assert run_mamia("sync", "--config", config, "status").stdout == "nothing waits, nothing was sent yet\n"
        assert directory.binds(waiting, NEW)

    def test_when_a_password_waits_then_it_is_erased_and_the_state_says_by_whom(self, directory, config, waiting):
        done = run_mamia("sync", "--config", config, "forget", waiting)

        assert done.returncode == 0, done.stderr
        assert "mamiaPendingSecret" not in directory.read(waiting)
        assert "forgotten by the operator" in directory.read(waiting)["mamiaSyncState"][0]


class TestOperator:
    @pytest.mark.parametrize("action", ["retry", "forget"])
    def test_when_nothing_waits_for_that_login_then_the_command_says_so(self, config, action):
        done = run_mamia("sync", "--config", config, action, "nobody")

        assert done.returncode == 1
        assert "nobody: nothing waits" in done.stderr


class TestStatus:
    def test_when_a_password_waits_then_the_table_and_json_tell_it_without_secrets(self, config, waiting):
        table, as_json = (
            run_mamia("sync", "--config", config, "status"),
            run_mamia("sync", "--config", config, "status", "--json"),
        )

        assert table.stdout.splitlines()[0].split() == [
            "login",
            "target",
            "state",
            "age",
            "attempts",
            "last",
            "reason",
        ]
        assert "fdurand4  domain  pending" in table.stdout
        [row] = json.loads(as_json.stdout)
        assert (row["login"], row["target"], row["state"], row["attempts"]) == ("fdurand4", "domain", "pending", 0)
        assert NEW not in table.stdout + as_json.stdout

    def test_when_a_newer_password_was_set_past_the_gateway_then_it_says_so_and_what_to_do(
        self, directory, config, waiting
    ):
        set_past_the_gateway(directory, waiting)

        table, as_json = (
            run_mamia("sync", "--config", config, "status"),
            run_mamia("sync", "--config", config, "status", "--json"),
        )

        assert "fdurand4  domain  pending (changed since)" in table.stdout
        assert "ask them to change it once more" in table.stdout
        assert [row["changed_since"] for row in json.loads(as_json.stdout)] == [True]

    def test_when_the_last_password_was_sent_then_nothing_is_said_of_newer_ones(self, config, waiting):
        table, as_json = (
            run_mamia("sync", "--config", config, "status"),
            run_mamia("sync", "--config", config, "status", "--json"),
        )

        assert "changed since" not in table.stdout
        assert [row["changed_since"] for row in json.loads(as_json.stdout)] == [False]

    def test_when_nobody_may_see_times_of_changes_then_it_says_that_it_is_not_known(self, directory, config, waiting):
        directory.set(waiting, "pwdChangedTime", None)

        [row] = json.loads(run_mamia("sync", "--config", config, "status", "--json").stdout)

        assert row["changed_since"] is None
        assert "may not read pwdChangedTime" in run_mamia("check", "--config", config).stdout

    def test_when_the_web_services_secrets_are_not_on_this_machine_then_it_needs_none(self, config, tmp_path):
        (tmp_path / "gateway").unlink()

        done = run_mamia("sync", "--config", config, "status")

        assert done.returncode == 0, done.stderr

    def test_when_the_settings_are_named_behind_the_action_then_it_is_the_same(self, config, waiting):
        assert "pending" in run_mamia("sync", "status", "--config", config).stdout

    def test_when_nothing_was_ever_sent_then_it_says_so(self, config):
        assert run_mamia("sync", "--config", config, "status").stdout == "nothing waits, nothing was sent yet\n"

    def test_when_the_directory_is_down_then_it_says_so(self, directory, config):
        directory.kill()

        done = run_mamia("sync", "--config", config, "status")

        assert done.returncode == 1
        assert "does not answer" in done.stderr
        assert "Traceback" not in done.stderr


class TestWorker:
    def test_when_its_private_key_is_missing_or_open_to_others_then_it_says_how_to_fix_it(self, config, tmp_path):
        (tmp_path / "worker.key").chmod(0o644)
        open_to_others = run_mamia("sync", "--config", config)
        (tmp_path / "worker.key").unlink()
        missing = run_mamia("sync", "--config", config)

        assert (open_to_others.returncode, missing.returncode) == (1, 1)
        assert "chmod 600" in open_to_others.stderr
        assert "worker.key" in missing.stderr

    def test_when_its_account_is_not_set_then_both_keys_are_listed(self, config):
        text = (
            config.read_text()
            .replace(f'bind_dn = "cn=sync,ou=services,{SUFFIX}"\n', "")
            .replace("bind_password_file", "#", 2)
        )
        config.write_text(text.replace("#", "bind_password_file", 1))

        done = run_mamia("sync", "--config", config)

        assert done.returncode == 2
        assert "workstation.bind_dn" in done.stderr
        assert "workstation.bind_password_file" in done.stderr

    def test_when_it_gets_sigterm_then_it_stops_within_seconds(self, config, tmp_path):
        # It runs where the web service's secrets are not.
        (tmp_path / "gateway").unlink()
        worker = subprocess.Popen([*MAMIA, "sync", "--config", str(config)], stderr=subprocess.PIPE, text=True)
        assert worker.stderr
        lines = [worker.stderr.readline()]
        started = time.monotonic()

        worker.send_signal(signal.SIGTERM)
        _, rest = worker.communicate(timeout=60)

        assert "worker ready for" in lines[0]
        assert worker.returncode == 0
        assert "worker stopped" in rest
        assert time.monotonic() - started < AT_ONCE_SECONDS

    def test_when_the_target_cannot_be_reached_then_the_state_tells_why_and_the_log_no_secret(
        self, directory, config, waiting
    ):
        worker = subprocess.Popen([*MAMIA, "sync", "--config", str(config)], stderr=subprocess.PIPE, text=True)
        wait_until(lambda: ";0;" not in directory.read(waiting)["mamiaSyncState"][0])
        worker.send_signal(signal.SIGTERM)
        _, logged = worker.communicate(timeout=60)

        status = run_mamia("sync", "--config", config, "status").stdout
        assert "pending" in status
        assert NEW not in logged + status
        assert "Traceback" not in logged


class TestMetrics:
    def test_when_a_password_waits_then_the_worker_tells_how_many_and_how_old(self, directory, config, waiting):
        port = free_port()
        config.write_text(config.read_text() + f"[metrics]\nworker_port = {port}\n")
        worker = subprocess.Popen([*MAMIA, "sync", "--config", str(config)], stderr=subprocess.DEVNULL)

        def reported():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                    return answer.read().decode()
            except OSError:
                return ""

        try:
            wait_until(
                lambda: (
                    "mamia_propagation_waiting{" in reported()
                    and "mamia_propagation_age_seconds_count{" in reported()
                )
            )
            text = reported()
        finally:
            worker.terminate()
            worker.wait(timeout=60)
        assert re.search(r'mamia_propagation_waiting{target="\w+"} 1\.0', text)
        assert float(first_match(r'mamia_propagation_oldest_seconds{target="\w+"} (\S+)', text)[1]) > 0
        assert 'outcome="pending"' in text
        assert "fdurand4" not in text


class TestTime:
    def test_when_states_are_shown_then_ages_are_since_the_change(self, config, waiting):
        [row] = json.loads(run_mamia("sync", "--config", config, "status", "--json").stdout)

        assert 0 <= row["age_seconds"] < 60
        assert datetime.fromisoformat(row["since"]) <= datetime.now(UTC)


class TestSync:
    def test_when_the_port_of_its_metrics_is_taken_then_one_sentence_says_so(self, directory, config):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            config.write_text(config.read_text() + f"[metrics]\nworker_port = {port}\n")

            done = run_mamia("sync", "--config", config)

        assert done.returncode != 0
        assert f"metrics.worker_port: 127.0.0.1:{port}" in done.stderr
        assert "Traceback" not in done.stderr
