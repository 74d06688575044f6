"""`mamia account LOGIN give-code`, `approve-code` and `close-code` on the server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.demo.private_slapd import SUFFIX
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SlapdServer

Run = Callable[..., "subprocess.CompletedProcess[str]"]
CODE = re.compile(r"[2-9CDFGHJKMNPQRTVWX]{5} [2-9CDFGHJKMNPQRTVWX]{5}")
REASON = ("--reason", "ticket 4711")


@pytest.fixture
def config(directory: SlapdServer, tmp_path: Path) -> Path:
    directory.add_person("tgirard", numen=None)
    directory.add_person("director", numen=None)
    (tmp_path / "helpdesk").write_text(directory.slapd.password("helpdesk"))
    more = (
        f'[audit]\ndestination = "file"\nfile = "{tmp_path}/audit.log"\n'
        f'[helpdesk]\nbind_dn = "cn=helpdesk,ou=services,{SUFFIX}"\nbind_password_file = "{tmp_path}/helpdesk"\n'
        'four_eyes_filter = "(uid=director)"\n'
        f'[notifications]\nspool = "{tmp_path}/mails"\nsmtp_host = ""\n'
    )
    return write_settings_file(tmp_path, directory, more=more)


@pytest.fixture
def account(config: Path) -> Run:
    """Runs the command as an agent: `account("tgirard", "give-code", by="bob")`."""

    def runner(login: str, action: str, *options: str, by: str = "helen") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway.cli.main", "account", login, action, "--config", str(config)]
        return subprocess.run(
            [*command, *options], capture_output=True, text=True, env={"SUDO_USER": by, "PATH": os.environ["PATH"]}
        )

    return runner


def audit(config: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (config.parent / "audit.log").read_text().splitlines()]


def mails(config: Path) -> list[str]:
    return [file.read_text() for file in (config.parent / "mails/new").iterdir()]


class TestGiveCode:
    def test_when_it_is_given_then_the_person_is_told_and_the_audit_has_agent_and_reason_and_no_code(
        self, account, config, directory
    ):
        done = account("tgirard", "give-code", *REASON)

        assert done.returncode == 0, done.stderr
        [code] = CODE.findall(done.stdout)
        [line] = audit(config)
        assert (line["outcome"], line["by"], line["reason"]) == ("code_given", "helen", "ticket 4711")
        [mail] = mails(config)
        assert "To: tgirard@ac-example.fr" in mail
        kept = mail + (config.parent / "audit.log").read_text() + done.stderr
        kept += " ".join(directory.read("tgirard")["mamiaResetCode"])
        assert code not in kept
        assert code.replace(" ", "") not in kept

    def test_when_programs_ask_then_they_get_code_and_end(self, account):
        given = json.loads(account("tgirard", "give-code", *REASON, "--json").stdout)

        assert given["done"]
        assert CODE.fullmatch(given["code"])
        assert given["until"] > "2026"

    def test_when_there_is_no_reason_then_nothing_is_given(self, account, directory):
        done = account("tgirard", "give-code")

        assert done.returncode == 2
        assert "--reason" in done.stderr
        assert "mamiaResetCode" not in directory.read("tgirard")

    def test_when_the_account_is_shown_then_it_says_until_when_a_code_is_open(self, account):
        assert "code " not in account("tgirard", "show").stdout
        account("tgirard", "give-code", *REASON)

        assert "open until" in account("tgirard", "show").stdout
        assert json.loads(account("tgirard", "show", "--json").stdout)["code_until"]

    def test_when_nobody_has_the_login_then_it_says_where_it_looked(self, account):
        done = account("nobody", "give-code", *REASON)

        assert done.returncode == 1
        assert "ou=people" in done.stderr

    def test_when_the_directory_is_down_then_it_says_that_nothing_was_done(self, account, directory):
        directory.kill()

        done = account("tgirard", "give-code", *REASON)

        assert done.returncode == 1
        assert "nothing was done" in done.stderr

    def test_when_the_settings_have_no_helpdesk_then_it_says_what_is_needed(self, directory, tmp_path):
        directory.add_person("tgirard")
        config = write_settings_file(tmp_path, directory)
        command = [sys.executable, "-m", "gateway.cli.main", "account", "tgirard", "give-code", *REASON]

        done = subprocess.run([*command, "--config", str(config)], capture_output=True, text=True)

        assert done.returncode == 2
        assert "helpdesk.bind_dn" in done.stderr


class TestCloseCode:
    def test_when_a_code_is_open_then_it_is_closed_and_the_person_is_told(self, account, config, directory):
        account("tgirard", "give-code", *REASON)

        done = account("tgirard", "close-code", by="bob")

        assert done.returncode == 0, done.stderr
        assert "mamiaResetCode" not in directory.read("tgirard")
        assert [line["outcome"] for line in audit(config)] == ["code_given", "code_closed"]
        assert len(mails(config)) == 2

    def test_when_none_is_open_then_it_says_so(self, account):
        done = account("tgirard", "close-code")

        assert done.returncode == 1
        assert "no code to close" in done.stderr


class TestFourEyes:
    def test_when_two_agents_agree_then_the_first_one_gets_the_code(self, account, config):
        asked = account("director", "give-code", *REASON)
        approved = account("director", "approve-code", "--requested-by", "helen", by="bob")
        given = account("director", "give-code", *REASON)

        assert "a second agent must approve" in asked.stdout
        assert not CODE.search(asked.stdout)
        assert approved.returncode == 0, approved.stderr
        assert CODE.search(given.stdout)
        assert [(line["outcome"], line["by"]) for line in audit(config)] == [
            ("code_requested", "helen"),
            ("code_approved", "bob"),
            ("code_given", "helen"),
        ]

    def test_when_the_same_agent_approves_then_it_is_refused(self, account):
        account("director", "give-code", *REASON)

        done = account("director", "approve-code", "--requested-by", "helen")

        assert done.returncode == 1
        assert "somebody else must approve" in done.stderr
