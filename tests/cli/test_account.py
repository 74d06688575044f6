"""`mamia account LOGIN` as somebody at the helpdesk uses it on the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import ldap
import pytest

from gateway.demo.private_slapd import ADMIN
from tests.support.password_policies import RecordedLogins, own_policy
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import NUMEN, PASSWORD, POLICIES


@pytest.fixture
def config(directory, tmp_path):
    directory.add_person("fdurand4", surname="Durand", given_name="François")
    (tmp_path / "admin").write_text(directory.slapd.password("admin"))
    more = f'[audit]\ndestination = "file"\nfile = "{tmp_path}/audit.log"\n'
    return write_settings_file(tmp_path, directory, more=more)


@pytest.fixture
def account(config, tmp_path):
    """Runs the command: `account("fdurand4", "unlock")`; unlocking is done as the administrator."""

    def runner(login, action="show", *options):
        own = ["--bind-dn", ADMIN, "--bind-password-file", tmp_path / "admin"] if action == "unlock" else []
        command = [sys.executable, "-m", "gateway.cli.main", "account", login, action, "--config", config]
        return subprocess.run(
            [*command, *own, *options], capture_output=True, text=True, env={"SUDO_USER": "helen", "PATH": "/usr/bin"}
        )

    return runner


def audit(config):
    return [json.loads(line) for line in (config.parent / "audit.log").read_text().splitlines()]


@pytest.fixture
def until_reset(directory):
    """A policy whose lock-outs only a reset or an administrator lifts."""
    dn = f"cn=until-reset,{POLICIES}"
    directory.load(
        f"dn: {dn}\nobjectClass: device\nobjectClass: pwdPolicy\ncn: until-reset\npwdAttribute: userPassword\n"
        "pwdLockout: TRUE\npwdMaxFailure: 10\npwdLockoutDuration: 0\n"
    )
    yield dn
    with directory.as_admin() as line:
        line.delete_s(dn)


class TestUnlock:
    def test_when_the_account_is_locked_then_the_person_gets_in_and_the_audit_names_the_operator(
        self, account, directory, config
    ):
        directory.lock("fdurand4")

        done = account("fdurand4", "unlock")

        assert done.returncode == 0, done.stderr
        assert directory.binds("fdurand4", PASSWORD)
        [line] = audit(config)
        assert (line["service"], line["outcome"], line["login"], line["operator"]) == (
            "helpdesk",
            "unlocked",
            "fdurand4",
            "helen",
        )

    def test_when_no_own_account_is_given_then_it_says_why_one_is_needed(self, account, directory, config):
        command = [sys.executable, "-m", "gateway.cli.main", "account", "fdurand4", "unlock", "--config", config]

        done = subprocess.run(command, capture_output=True, text=True)

        assert done.returncode == 2
        assert "--bind-dn" in done.stderr

    def test_when_an_administrator_closed_the_account_then_it_stays_closed(self, account, directory):
        directory.set("fdurand4", "pwdAccountLockedTime", "000001010000Z")

        done = account("fdurand4", "unlock")

        assert done.returncode == 1
        assert "closed it for good" in done.stderr
        assert not directory.binds("fdurand4", PASSWORD)

    def test_when_slapd_locked_it_until_a_time_then_it_says_that_nothing_was_done(self, account, directory):
        directory.set("fdurand4", "pwdAccountTmpLockoutEnd", "20990101120000Z")

        done = account("fdurand4", "unlock")

        assert done.returncode == 1
        assert "nothing was done" in done.stderr
        assert not directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize("mark", ["000001010000Z", "19700101000000Z"])
    def test_when_the_account_is_closed_just_before_the_write_then_it_stays_closed(
        self, directory, config, tmp_path, mark
    ):
        """The command reads the operator's password after the account: a pipe holds it there."""
        directory.lock("fdurand4")
        password = tmp_path / "pipe"
        os.mkfifo(password)
        command = [sys.executable, "-m", "gateway.cli.main", "account", "fdurand4", "unlock", "--config", config]
        command += ["--bind-dn", ADMIN, "--bind-password-file", password]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as unlocking:
            with password.open("w") as pipe:
                directory.set("fdurand4", "pwdAccountLockedTime", mark)
                pipe.write(directory.slapd.password("admin"))
            _, error = unlocking.communicate()

        assert directory.read("fdurand4")["pwdAccountLockedTime"] == [mark]
        assert unlocking.returncode == 1
        assert "meanwhile" in error
        assert "unlocked" not in (config.parent / "audit.log").read_text()


class TestForceChange:
    def test_when_asked_then_the_next_login_must_change_it(self, account, directory, config):
        done = account("fdurand4", "force-change")

        assert done.returncode == 0, done.stderr
        assert directory.read("fdurand4")["pwdReset"] == ["TRUE"]
        assert audit(config)[0]["outcome"] == "change_forced"


class TestAccount:
    def test_when_it_is_open_then_its_state_is_reported_without_number_or_birth_date(self, account):
        reported = account("fdurand4").stdout

        assert "François Durand" in reported
        assert "account           open" in reported
        assert "expires           never" in reported
        assert not any(secret in reported for secret in (NUMEN, "1985", "ARGON2", PASSWORD))

    def test_when_it_is_locked_then_it_says_until_when(self, account, directory):
        directory.lock("fdurand4")

        assert "locked since" in account("fdurand4").stdout
        reported = json.loads(account("fdurand4", "show", "--json").stdout)
        assert reported["locked"]
        assert (
            reported["locked_until"] > reported["changed_at"] if reported["changed_at"] else reported["locked_until"]
        )

    def test_when_its_own_policy_locks_until_a_reset_then_it_is_locked(self, account, directory, until_reset):
        directory.set("fdurand4", "pwdPolicySubentry", until_reset)
        directory.set("fdurand4", "pwdAccountLockedTime", "20260101080000Z")
        assert not directory.binds("fdurand4", PASSWORD)

        assert "until a reset" in account("fdurand4").stdout
        assert account("fdurand4", "unlock").returncode == 0
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_its_policy_ends_passwords_then_it_says_when(self, account, directory):
        directory.set("fdurand4", "pwdPolicySubentry", f"cn=yearly,{POLICIES}")
        directory.set("fdurand4", "pwdChangedTime", "20260301080000Z")

        assert json.loads(account("fdurand4", "show", "--json").stdout)["expires_at"].startswith("2027-03-01")

    @pytest.mark.parametrize(
        "attribute, value, reported",
        [
            ("pwdEndTime", "20200101120000Z", "ended on 2020-01-01"),
            ("pwdStartTime", "20990101120000Z", "begins on 2099-01-01"),
            ("pwdEndTime", "99991231235959Z", "between 1970 and 2100"),
        ],
    )
    def test_when_it_is_outside_its_time_then_the_helpdesk_sees_it(
        self, account, directory, attribute, value, reported
    ):
        directory.set("fdurand4", attribute, value)

        assert reported in account("fdurand4").stdout

    @pytest.mark.parametrize(
        "end, reported",
        [
            ("20990101120000Z", "locked until 2099-01-01"),
            ("2099010112Z", "locked until 2099-01-01"),
            ("99991231235959Z", "between 1970 and 2100"),
            ("20200101120000Z", "account           open"),
        ],
    )
    def test_when_slapd_locked_it_until_a_time_then_the_helpdesk_sees_it(self, account, directory, end, reported):
        directory.set("fdurand4", "pwdAccountTmpLockoutEnd", end)

        assert reported in account("fdurand4").stdout

    @pytest.mark.parametrize("server", [RecordedLogins], indirect=True)
    def test_when_it_was_not_used_for_too_long_then_it_is_closed(self, account, directory):
        with own_policy(directory, "idle", pwdMaxIdle="86400") as policy:
            directory.set("fdurand4", "pwdPolicySubentry", policy)
            directory.set("fdurand4", "pwdChangedTime", "20260101120000Z")
            assert not directory.binds("fdurand4", PASSWORD)

            assert "closed: not used since 2026-01-01" in account("fdurand4").stdout
            reported = json.loads(account("fdurand4", "show", "--json").stdout)
            assert account("fdurand4", "unlock").returncode == 1

        assert reported["closed"]
        assert reported["idle_since"].startswith("2026-01-01")

    def test_when_its_policy_lets_the_person_not_change_the_password_then_the_helpdesk_sees_why(
        self, account, directory
    ):
        with own_policy(directory, "fixed", pwdAllowUserChange="FALSE") as policy:
            directory.set("fdurand4", "pwdPolicySubentry", policy)

            reported = account("fdurand4").stdout

        assert f"pwdAllowUserChange of {policy}" in reported

    def test_when_its_password_is_too_young_then_the_helpdesk_sees_from_when_it_can_be_changed(
        self, account, directory
    ):
        with own_policy(directory, "century", pwdMinAge=str(36_500 * 86_400 // 2)) as policy:
            directory.set("fdurand4", "pwdPolicySubentry", policy)
            directory.set("fdurand4", "pwdChangedTime", "20260101120000Z")

            reported = json.loads(account("fdurand4", "show", "--json").stdout)

        assert reported["policy"] == policy
        assert reported["changeable_from"].startswith("2075-12-")

    def test_when_everybodys_policy_ends_passwords_then_it_says_when(self, account, directory):
        with directory.as_admin() as line:
            line.modify_s(f"cn=default,{POLICIES}", [(ldap.MOD_REPLACE, "pwdMaxAge", [b"31536000"])])
        directory.set("fdurand4", "pwdChangedTime", "20260301080000Z")
        try:
            reported = json.loads(account("fdurand4", "show", "--json").stdout)
        finally:
            with directory.as_admin() as line:
                line.modify_s(f"cn=default,{POLICIES}", [(ldap.MOD_REPLACE, "pwdMaxAge", None)])

        assert reported["expires_at"].startswith("2027-03-01")

    def test_when_the_login_was_pasted_with_an_invisible_character_then_it_is_read_without(self, account):
        assert "fdurand4" in account("\u200bfdurand4\u00ad ").stdout

    def test_when_nobody_has_the_login_then_it_says_where_it_looked(self, account):
        done = account("nobody", "force-change")

        assert done.returncode == 1
        assert "ou=people" in done.stderr

    def test_when_the_directory_is_down_then_it_says_that_nothing_was_done(self, account, directory):
        directory.kill()

        done = account("fdurand4", "force-change")

        assert done.returncode == 1
        assert "nothing was done" in done.stderr
