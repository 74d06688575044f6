"""`mamia people reseal`: after it the older keys of web.secret_keys can be deleted."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.account.recovery import RecoveryKind, RecoveryMethod
from gateway.protection.recovery_seal import RecoverySeals
from tests.support.mamia_command import MAMIA
from tests.support.recovery_values import put
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import ADMIN, SUFFIX, SlapdServer

Command = Callable[..., "subprocess.CompletedProcess[str]"]
OLD, NEW = "an old key of the web service, 1234", "the new key of the web service, 5678"
METHOD = RecoveryMethod("aa", RecoveryKind.MAIL, "Chez moi", datetime(2026, 11, 1, tzinfo=UTC), address="moi@x.org")


@pytest.fixture
def config(directory: SlapdServer, tmp_path: Path) -> Path:
    """Settings in which the new key seals and the old one still opens."""
    file: Path = write_settings_file(tmp_path, directory, more='[recovery]\nmethods = ["totp"]\n')
    keys = f'secret_keys = ["{NEW}", "{OLD}"]'
    file.write_text(re.sub(r"^secret_keys = .*$", keys, file.read_text(), flags=re.MULTILINE))
    return file


@pytest.fixture
def reseal(config: Path, directory: SlapdServer, tmp_path: Path) -> Command:
    def run(*options: str, dn: str = ADMIN, password: str = "") -> subprocess.CompletedProcess[str]:
        secret = tmp_path / "admin.password"
        secret.write_text(password or directory.slapd.password("admin"))
        secret.chmod(0o600)
        arguments = ["--bind-dn", dn, "--bind-password-file", str(secret), "--config", str(config), *options]
        return subprocess.run([*MAMIA, "people", "reseal", *arguments], capture_output=True, text=True)

    return run


def sealed(directory: SlapdServer, login: str, key: str) -> bytes:
    [uuid] = directory.read(login)["entryUUID"]
    return RecoverySeals([key]).seal(METHOD, uuid)


def opened(directory: SlapdServer, login: str, key: str) -> list[RecoveryMethod | None]:
    """What that key alone opens of the methods of somebody."""
    [uuid] = directory.read(login)["entryUUID"]
    return [RecoverySeals([key]).open(value, uuid) for value in directory.read_raw(login)["mamiaRecovery"]]


class TestReseal:
    def test_when_the_key_was_rotated_then_the_new_one_alone_opens_every_method(
        self, directory: SlapdServer, reseal: Command
    ) -> None:
        for login, key in (("fdurand4", OLD), ("mmartin", NEW)):
            directory.add_person(login)
            put(directory, login, [sealed(directory, login, key)])

        done = reseal()

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "1 recovery methods sealed with the newest key; 1 had it already\n"
        assert opened(directory, "fdurand4", NEW) == opened(directory, "mmartin", NEW) == [METHOD]

    def test_when_it_runs_again_then_nothing_is_left_to_do(self, directory: SlapdServer, reseal: Command) -> None:
        directory.add_person("fdurand4")
        put(directory, "fdurand4", [sealed(directory, "fdurand4", OLD)])
        reseal()

        counts = json.loads(reseal("--json").stdout)

        assert counts == {"renewed": 0, "current": 1, "unreadable": 0, "changed_meanwhile": 0}

    def test_when_no_key_opens_one_then_it_stays_and_the_older_keys_must_be_kept(
        self, directory: SlapdServer, reseal: Command
    ) -> None:
        directory.add_person("fdurand4")
        held = [sealed(directory, "fdurand4", "a key that nobody has any more 12"), b"\x00garbage"]
        put(directory, "fdurand4", held)

        done = reseal()

        assert done.returncode == 1
        assert "2 are opened by no key of web.secret_keys" in done.stdout
        assert set(directory.read_raw("fdurand4")["mamiaRecovery"]) == set(held)

    def test_when_nobody_has_a_method_then_it_says_so(self, directory: SlapdServer, reseal: Command) -> None:
        directory.add_person("fdurand4")

        done = reseal()

        assert (done.returncode, done.stdout) == (
            0,
            "0 recovery methods sealed with the newest key; 0 had it already\n",
        )

    def test_when_the_account_may_not_read_methods_then_that_is_no_success(
        self, directory: SlapdServer, reseal: Command
    ) -> None:
        directory.add_person("fdurand4")
        put(directory, "fdurand4", [sealed(directory, "fdurand4", OLD)])

        done = reseal(dn=f"cn=sync,ou=services,{SUFFIX}", password=directory.slapd.password("sync"))

        assert done.returncode == 1
        assert "may not read mamiaRecovery" in done.stderr
        assert opened(directory, "fdurand4", OLD) == [METHOD]
