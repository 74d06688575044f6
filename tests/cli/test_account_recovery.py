"""`mamia account LOGIN export | erase-recovery`: what answers a request about personal data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import ldap
import pytest

from gateway.account.model import Secret
from gateway.account.recovery import RecoveryKind, RecoveryMethod
from gateway.composition.events import build_event_store
from gateway.protection.recovery_seal import RecoverySeals
from gateway.settings.loader import load
from tests.support.redis_server import RedisServer
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SlapdServer

Command = Callable[..., "subprocess.CompletedProcess[str]"]
SMS = "http://127.0.0.1:9/"
OTHER_USER = 65534
SECRET = "JBSWY3DPEHPK3PXP"
ADDED = datetime(2026, 11, 1, 8, tzinfo=UTC)
METHODS = (
    RecoveryMethod("aa", RecoveryKind.MAIL, "Chez moi", ADDED, address="moi@exemple.org"),
    RecoveryMethod("cc", RecoveryKind.MOBILE, "Mobile", datetime(2020, 1, 1, tzinfo=UTC), address="07 98 76 54 31"),
    RecoveryMethod("bb", RecoveryKind.TOTP, "Téléphone", ADDED, used_at=ADDED, secret=Secret(SECRET)),
)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users reach, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def config(directory: SlapdServer, tmp_path: Path) -> Path:
    directory.add_person("fdurand4")
    more = f'[audit]\ndestination = "file"\nfile = "{tmp_path}/audit.log"\n[recovery]\nmethods = ["totp"]\n'
    file: Path = write_settings_file(tmp_path, directory, more=more)
    seals = RecoverySeals(load(file).web.keys)
    [uuid] = directory.read("fdurand4")["entryUUID"]
    store(directory, [seals.seal(method, uuid) for method in METHODS] + [b"of a key that is gone"])
    return file


def store(directory: SlapdServer, values: list[bytes]) -> None:
    with directory.as_admin() as line:
        changes = [(ldap.MOD_ADD, "objectClass", b"mamiaRecoverable"), (ldap.MOD_ADD, "mamiaRecovery", values)]
        line.modify_s(directory.dn("fdurand4"), changes)


@pytest.fixture
def account(config: Path) -> Command:
    def run(action: str, login: str = "fdurand4") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway.cli.main", "account", login, action, "--config", str(config)]
        return subprocess.run(command, capture_output=True, text=True, env={"SUDO_USER": "helen", "PATH": "/usr/bin"})

    return run


def audit(config: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (config.parent / "audit.log").read_text().splitlines()]


class TestExport:
    def test_when_it_is_asked_for_then_addresses_and_dates_are_printed_and_no_secret(
        self, account: Command, config: Path
    ) -> None:
        done = account("export")

        assert done.returncode == 0
        printed = json.loads(done.stdout)
        assert printed["unreadable"] == 1
        assert {method["kind"]: method["address"] for method in printed["methods"]} == {
            "mail": "moi@exemple.org",
            "mobile": "07 98 76 54 31",
            "totp": "",
        }
        assert SECRET not in done.stdout + done.stderr
        assert [(line["outcome"], line["operator"]) for line in audit(config)] == [("recovery_exported", "helen")]

    def test_when_the_account_is_closed_then_its_person_gets_an_answer_all_the_same(
        self, account: Command, directory: SlapdServer
    ) -> None:
        directory.set("fdurand4", "pwdAccountLockedTime", "000001010000Z")

        assert len(json.loads(account("export").stdout)["methods"]) == 3


class TestExportOfEvents:
    def test_when_events_are_kept_then_they_are_exported_too(
        self, account: Command, config: Path, redis: RedisServer
    ) -> None:
        with config.open("a") as settings:
            settings.write(f'[events]\n[rate_limits]\nstore = "{redis.url}"\n')
        store = build_event_store(load(config))
        assert store
        store.add(["fdurand4"], "change", "credentials", datetime.now(UTC))

        [event] = json.loads(account("export").stdout)["events"]

        assert (event["service"], event["outcome"], event["times"]) == ("change", "credentials", 1)

    def test_when_the_store_is_down_then_the_command_says_so(
        self, account: Command, config: Path, redis: RedisServer
    ) -> None:
        with config.open("a") as settings:
            settings.write(f'[events]\n[rate_limits]\nstore = "{redis.url}"\n')
        redis.stop()

        done = account("export")

        assert (done.returncode, done.stdout) == (1, "")
        assert "nothing was exported" in done.stderr


class TestErase:
    def test_when_it_is_asked_for_then_every_method_is_gone_also_unreadable_ones(
        self, account: Command, directory: SlapdServer, config: Path
    ) -> None:
        done = account("erase-recovery")

        assert done.returncode == 0
        assert "mamiaRecovery" not in directory.read("fdurand4")
        assert [(line["outcome"], line["operator"]) for line in audit(config)] == [("recovery_erased", "helen")]

    def test_when_there_is_none_any_more_then_it_is_no_error(self, account: Command) -> None:
        account("erase-recovery")

        assert account("erase-recovery").returncode == 0

    def test_when_it_is_done_then_every_address_known_before_is_told(
        self, account: Command, directory: SlapdServer, config: Path, tmp_path: Path
    ) -> None:
        spool = tmp_path / "mails"
        with config.open("a") as settings:
            settings.write(f'[notifications]\nspool = "{spool}"\n[second_factor]\nsms_gateway_url = "{SMS}"\n')

        done = account("erase-recovery")

        assert (done.returncode, done.stderr) == (0, "")
        mails = [message_from_bytes(file.read_bytes())["To"] for file in (spool / "new").iterdir()]
        assert sorted(mails) == ["fdurand4@ac-example.fr", "moi@exemple.org"]
        [notice] = [json.loads(file.read_bytes()) for file in (spool / "sms" / "new").iterdir()]
        assert notice["to"] == "07 98 76 54 31"
        assert "tous vos moyens de secours ont été effacés" in notice["text"]

    def test_when_root_runs_it_then_the_notice_belongs_to_the_service(
        self, account: Command, config: Path, open_folder: Path
    ) -> None:
        spool = open_folder / "mails"
        spool.mkdir()
        if os.geteuid() != 0:
            pytest.skip("only root gives files away")
        os.chown(spool, OTHER_USER, OTHER_USER)
        with config.open("a") as settings:
            settings.write(f'[notifications]\nspool = "{spool}"\n[second_factor]\nsms_gateway_url = "{SMS}"\n')

        account("erase-recovery")

        made = [spool / "sms", *(spool / "sms").rglob("*")]
        assert {(one.stat().st_uid, one.stat().st_gid) for one in made} == {(OTHER_USER, OTHER_USER)}

    def test_when_the_services_folder_leads_elsewhere_then_root_touches_nothing_there(
        self, account: Command, config: Path, open_folder: Path
    ) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root could touch it")
        spool, elsewhere = open_folder / "mails", open_folder / "elsewhere"
        for folder in (spool, elsewhere):
            folder.mkdir(mode=0o755)
        former = elsewhere / "former"
        former.touch()
        os.utime(former, (0, 0))
        (spool / "sms").symlink_to(elsewhere)
        for one in (spool, spool / "sms"):
            os.chown(one, OTHER_USER, OTHER_USER, follow_symlinks=False)
        with config.open("a") as settings:
            settings.write(f'[notifications]\nspool = "{spool}"\n[second_factor]\nsms_gateway_url = "{SMS}"\n')

        account("erase-recovery")

        assert list(elsewhere.iterdir()) == [former]
        assert elsewhere.stat().st_mode & 0o777 == 0o755
