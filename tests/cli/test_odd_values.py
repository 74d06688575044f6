"""Whatever slapd lets our own attributes hold: every command ends with an answer, and loses and repeats nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.main import main
from tests.support.odd_values import DAYS_LEFT, Odd, add_odd_people
from tests.support.reminding import Reminding
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import ADMIN, SUFFIX, SlapdServer

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Of the settings that `write_settings_file` writes."""
HEAD = "surname;birth_name;given_name;birth_date;numen;temporary_agent_number;department\n"
Mamia = Callable[..., tuple[int, str, str]]


@pytest.fixture
def people(directory: SlapdServer) -> dict[str, Odd]:
    return add_odd_people(directory, KEY)


@pytest.fixture
def mamia(
    directory: SlapdServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Mamia:
    """Runs a command in this process, which is quicker; what it raised would fail the test."""
    for name in ("helpdesk", "admin"):
        (tmp_path / name).write_text(directory.slapd.password(name))
        (tmp_path / name).chmod(0o600)
    more = f"""
[recovery]
methods = ["totp"]
[charter]
version = "2026-09"
url = "https://www.ac-example.fr/charte"
[helpdesk]
bind_dn = "cn=helpdesk,ou=services,{SUFFIX}"
bind_password_file = "{tmp_path}/helpdesk"
[audit]
destination = "file"
file = "{tmp_path}/audit.log"
[notifications]
spool = "{tmp_path}/mails"
smtp_host = ""
[rate_limits]
reset_codes_per_agent = "9999/hour"
reset_codes_per_person = "9999/hour"
"""
    config = write_settings_file(tmp_path, directory, more=more)
    monkeypatch.setenv("SUDO_USER", "helen")

    def run(*arguments: str, as_admin: bool = False) -> tuple[int, str, str]:
        own = ["--bind-dn", ADMIN, "--bind-password-file", str(tmp_path / "admin")] if as_admin else []
        code = main([*arguments, *own, "--config", str(config)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


class TestAccount:
    def test_when_values_are_odd_then_every_action_answers(
        self, mamia: Mamia, people: dict[str, Odd], directory: SlapdServer
    ) -> None:
        for login, odd in people.items():
            assert mamia("account", login)[0] == 0, odd
        # The last one has every value at once.
        for login, odd in list(people.items())[-6:]:
            assert json.loads(mamia("account", login, "export")[1])["methods"] is not None, odd
            assert mamia("account", login, "erase-recovery")[0] == 0, odd
            assert "mamiaRecovery" not in directory.read(login), odd
            assert json.loads(mamia("account", login, "--json")[1])["login"] == login, odd
            assert mamia("account", login, "unlock", as_admin=True)[0] == 0, odd
            assert mamia("account", login, "force-change")[0] == 0, odd

    def test_when_values_are_odd_then_a_code_replaces_what_is_there_and_is_closed(
        self, mamia: Mamia, people: dict[str, Odd], directory: SlapdServer
    ) -> None:
        for login, odd in list(people.items())[::8]:
            assert mamia("account", login, "approve-code", "--requested-by", "bob")[0] == 1, odd
            assert mamia("account", login, "give-code", "--reason", "4711")[0] == 0, odd
            assert mamia("account", login, "close-code")[0] == 0, odd
            assert "mamiaResetCode" not in directory.read(login), odd


class TestRemind:
    def test_when_records_are_odd_then_nobody_gets_two_mails_and_nothing_ends_in_a_fault(
        self, tmp_path: Path, directory: SlapdServer, people: dict[str, Odd]
    ) -> None:
        reminding = Reminding(tmp_path, directory)
        reminding.add("fdurand4", DAYS_LEFT)

        planned = reminding.run("--dry-run")
        done = reminding.outcomes()

        assert done["fdurand4"] == ("expires-7", "reminded")
        assert {outcome for _, outcome in done.values()} == {"reminded"}
        assert (planned.returncode, planned.stderr) == (0, "")
        assert all(f"{login}  expires-7" in planned.stdout for login in done)
        mailed = [str(mail["To"]) for mail in reminding.mails()]
        assert len(mailed) == len(set(mailed)) == len(done)
        assert reminding.outcomes() == {}


class TestPeople:
    def test_when_methods_are_odd_then_they_are_sealed_anew_or_counted_as_unreadable(
        self, mamia: Mamia, people: dict[str, Odd], directory: SlapdServer
    ) -> None:
        before = {login: directory.read_raw(login)["mamiaRecovery"] for login in people}

        code, out, err = mamia("people", "reseal", "--json", as_admin=True)

        assert (code, err) == (1, "")
        assert json.loads(out)["unreadable"] > 0
        assert {login: directory.read_raw(login)["mamiaRecovery"] for login in people} == before

    def test_when_they_leave_then_their_methods_are_erased(
        self, mamia: Mamia, people: dict[str, Odd], directory: SlapdServer, tmp_path: Path
    ) -> None:
        file = tmp_path / "staff.csv"
        file.write_text(HEAD)

        options = ("--mark-leavers", "--max-leavers-percent", "100")
        assert mamia("people", "import", str(file), *options, "--dry-run", as_admin=True)[0] == 0
        code, out, _ = mamia("people", "import", str(file), *options, as_admin=True)

        assert (code, f"{len(people)} marked as leavers" in out) == (0, True), out
        assert not any("mamiaRecovery" in directory.read(login) for login in people)


class TestCheck:
    def test_when_values_are_odd_then_it_finds_what_it_finds_without_them(
        self, mamia: Mamia, directory: SlapdServer
    ) -> None:
        directory.add_person("fdurand4")
        without = mamia("check", "--json")[:2]

        add_odd_people(directory, KEY)

        code, out, err = mamia("check", "--json")
        assert (code, err) == (without[0], "")
        assert [one["subject"] for one in json.loads(out)] == [one["subject"] for one in json.loads(without[1])]
