"""`mamia account`: the person gets a mail about what was done to the account."""

from __future__ import annotations

import email
import json
import subprocess
from collections.abc import Callable
from email import policy
from pathlib import Path

import pytest

from gateway.demo.private_slapd import ADMIN
from tests.support.mamia_command import MAMIA
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SlapdServer

Account = Callable[..., "subprocess.CompletedProcess[str]"]
NOTICES = {
    "unlock": "L’assistance a déverrouillé votre compte",
    "force-change": "L’assistance vous demande de changer de mot de passe",
    "erase-recovery": "Vos moyens de secours ont été effacés",
}


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "mails"


@pytest.fixture
def account(directory: SlapdServer, tmp_path: Path, spool: Path) -> Account:
    directory.add_person("fdurand4")
    directory.lock("fdurand4")
    (tmp_path / "admin").write_text(directory.slapd.password("admin"))
    more = f"""
[audit]
destination = "file"
file = "{tmp_path}/audit.log"
[notifications]
spool = "{spool}"
smtp_host = "127.0.0.1"
[recovery]
methods = ["totp"]
"""
    config = write_settings_file(tmp_path, directory, more=more)

    def run(action: str) -> subprocess.CompletedProcess[str]:
        own = ["--bind-dn", ADMIN, "--bind-password-file", str(tmp_path / "admin")] if action == "unlock" else []
        command = [*MAMIA, "account", "fdurand4", action, "--config", str(config), *own]
        return subprocess.run(command, capture_output=True, text=True)

    return run


class TestNotices:
    @pytest.mark.parametrize("action", NOTICES)
    def test_when_it_was_done_then_a_mail_with_the_reference_of_the_audit_waits(
        self, account: Account, spool: Path, tmp_path: Path, action: str
    ) -> None:
        done = account(action)

        assert (done.returncode, done.stderr) == (0, "")
        [file] = (spool / "new").iterdir()
        mail = email.message_from_bytes(file.read_bytes(), policy=policy.default)
        body = mail.get_body(("plain",))
        assert mail["Subject"] == NOTICES[action]
        assert body
        assert json.loads((tmp_path / "audit.log").read_text())["request"] in body.get_content()

    def test_when_nothing_was_done_then_there_is_no_mail(
        self, account: Account, directory: SlapdServer, spool: Path
    ) -> None:
        directory.set("fdurand4", "pwdAccountLockedTime", "000001010000Z")

        assert account("unlock").returncode == 1
        assert not spool.exists()

    def test_when_mails_cannot_be_stored_then_it_is_done_all_the_same(
        self, account: Account, directory: SlapdServer, spool: Path
    ) -> None:
        spool.write_text("no folder")

        done = account("force-change")

        assert done.returncode == 0
        assert directory.read("fdurand4")["pwdReset"] == ["TRUE"]
        assert "fdurand4 gets no mail about it" in done.stderr
