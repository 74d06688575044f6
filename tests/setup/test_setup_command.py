"""`mamia setup` as a person runs it at a terminal, and as a program runs it with a file of answers."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.json_forms import FORMS
from gateway.cli.main import main, make_parser
from gateway.cli.setup_answers import start_session
from gateway.cli.setup_report import Report
from gateway.setup.answers import AnswersError
from gateway.setup.files import Access, PlannedFile, make_own_folder, secret_access
from gateway.setup.paths import Paths
from tests.support.dialogue import INTERRUPT
from tests.support.installed_program import InstalledProgram
from tests.support.json_form import problems_of
from tests.support.ports import free_port

ADMIN_PASSWORD = "Administrateur-2024"
SITE = "mon-compte.ac-mine.fr"
UNFINISHED = ".setup-answers.toml"


@pytest.fixture
def answers(place: InstalledProgram) -> Callable[..., Path]:
    """Writes a file with all answers that are needed: `answers(web={"port": 1})` adds some."""

    def write(**more: dict[str, Any]) -> Path:
        table: dict[str, dict[str, Any]] = {
            "academy": {"name": "Académie"},
            "support": {"phone": "01 02 03 04 05"},
            "web": {"port": free_port(), "allowed_hosts": [SITE]},
            "rate_limits": {"store": "memory://", "allow_memory_store": True},
        }
        for section, values in more.items():
            table[section] = {**table.get(section, {}), **values}
        file = place.root / "answers.toml"
        lines = []
        for section, values in table.items():
            lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        file.write_text("\n".join(lines) + "\n")
        return file

    return write


def everything(place: InstalledProgram) -> dict[str, bytes]:
    """Each file below etc, with its content, but for what setup remembers until the directory is changed."""
    files = (file for file in (place.root / "etc").rglob("*") if file.is_file() and file.name != UNFINISHED)
    return {str(file): file.read_bytes() for file in files}


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def mode(file: Path) -> str:
    return oct(stat.S_IMODE(file.stat().st_mode))


KNOWN = {
    "Phone number": "01 02 03 04 05",
    "Store of counts": "memory://",
    "[Pp]assword of cn=admin": ADMIN_PASSWORD,
    "Names of the site": "localhost",
    "Proxies": "0",
    "Port at which": "18080",
}


WRONG = {
    "LDAP servers": ("ldap://ldap.ac-mine.fr", "would carry passwords in plain text"),
    "Filter that names staff": ("(uid=", "is not an LDAP filter"),
    "Mail address of the helpdesk": ("pas-une-adresse", "is not a mail address"),
    "Hours of the helpdesk": ("always", "is not written as mon-fri"),
    "Days of each year": ("02-30", "is not a day of the year"),
    "Price of a call": ("1 euro", "'standard', 'service_free' or 'free'"),
    "Port at which": ("99999", "less than or equal to 65535"),
    "Store of counts": ("redis://127.0.0.1:1/0", "every change and reset is refused"),
}
"""Question → what is typed first, and what is said about it."""


class TestPerson:
    def test_when_enter_is_pressed_then_the_proposals_of_the_directory_are_written(self, place):
        done = place.run("mamia setup", KNOWN)

        written = tomllib.loads(place.config.read_text())
        assert done.status == 1, done.output
        assert written["people"]["base"] == "ou=people,dc=ac-mine,dc=fr"
        assert written["academy"]["mail_domain"] == "ac-mine.fr"
        assert written["support"]["phone"] == "01 02 03 04 05"
        assert written["directory"]["bind_dn"] == "cn=gateway,ou=services,dc=ac-mine,dc=fr"
        assert "Missing: the directory is not changed yet" in done.output

    def test_when_it_asks_then_no_line_is_wider_than_the_terminal(self, place):
        done = place.run("mamia setup", KNOWN)

        asked = done.output.partition("Files of this machine")[0]
        assert [line for line in asked.splitlines() if len(line) > 80 and "ldapi" not in line] == []

    def test_when_a_question_mark_is_typed_then_it_explains_and_asks_again(self, place):
        done = place.run("mamia setup", {**KNOWN, "Hours of the helpdesk": ["?", ""]})

        assert "no hours are shown" in done.output
        assert sum("Hours of the helpdesk" in one for one in done.asked) == 2

    def test_when_answers_cannot_be_used_then_it_says_why_and_asks_again(self, place):
        wrong = {question: [answer, KNOWN.get(question, "")] for question, (answer, _) in WRONG.items()}
        done = place.run("mamia setup", {**KNOWN, **wrong})

        output, written = " ".join(done.output.split()), place.config.read_text()
        assert [said for _, said in WRONG.values() if said not in output] == []
        assert [answer for answer, _ in WRONG.values() if answer in written] == []

    def test_when_the_administrators_password_is_wrong_then_it_asks_again(self, place):
        done = place.run("mamia setup", {**KNOWN, "[Pp]assword of cn=admin": ["wrong", ADMIN_PASSWORD]})

        assert "invalidCredentials" in done.output
        assert "may write entries" in done.output

    def test_when_it_is_interrupted_then_the_next_run_has_the_answers(self, place):
        unusual = {**KNOWN, "Name of the academy": "Académie d’Ailleurs"}
        first = place.run("mamia setup", {**unusual, "Mail server": INTERRUPT})
        unfinished = place.root / "etc/mamia" / UNFINISHED

        assert first.status == 130
        assert not place.config.exists()
        assert mode(unfinished) == "0o600"
        assert "Académie d’Ailleurs" in unfinished.read_text()
        assert ADMIN_PASSWORD not in unfinished.read_text()
        again = place.run("mamia setup", {"[Pp]assword of cn=admin": ADMIN_PASSWORD, "Keep it": "yes"})
        assert any("[Académie d’Ailleurs]" in one for one in again.asked)
        assert tomllib.loads(place.config.read_text())["academy"]["name"] == "Académie d’Ailleurs"
        assert list(tomllib.loads(unfinished.read_text())) == ["setup"]

    def test_when_it_is_interrupted_before_the_directory_is_changed_then_the_files_stay(self, place):
        done = place.run("mamia setup", {**KNOWN, "Apply it now": INTERRUPT})

        assert done.status == 130
        assert "What was written before stays" in done.output
        assert place.config.exists()

    def test_when_the_files_are_not_wanted_then_nothing_is_written_and_the_answers_are_kept(self, place):
        done = place.run("mamia setup", {**KNOWN, "Write these files": "no"})

        assert done.status == 1
        assert everything(place) == {}
        assert "01 02 03 04 05" in (place.root / "etc/mamia" / UNFINISHED).read_text()

    def test_when_it_runs_again_then_it_asks_nothing_twice_and_changes_nothing(self, place):
        place.run("mamia setup", KNOWN)
        before = everything(place)

        done = place.run("mamia setup", KNOWN)

        assert len(done.asked) == 3  # go through them again, password, apply
        assert "nothing to change" in done.output
        assert everything(place) == before

    def test_when_an_api_client_is_named_then_its_token_is_in_a_file_only(self, place):
        calls = {"One more program": ["webmail", ""], "Its addresses": "10.1.2.3/32"}
        done = place.run("mamia setup", {**KNOWN, **calls})

        token = (place.root / "etc/mamia/api-webmail.token").read_text()
        client = tomllib.loads(place.config.read_text())["api"]["clients"]["webmail"]
        assert (client["addresses"], client["services"]) == (["10.1.2.3/32"], ["change"])
        assert mode(place.root / "etc/mamia/api-webmail.token") == "0o600"
        assert len(token) > 40
        assert token not in done.output
        assert token not in place.config.read_text()


class TestAnswersFile:
    def test_when_all_answers_are_there_then_nothing_is_asked_and_the_files_are_written(self, place, answers):
        done = place.setup("--yes", "--answers", answers())

        assert done.returncode == 1, done.stderr
        assert "the directory is not changed yet" in done.stdout
        names = {Path(file).name for file in everything(place) if not file.endswith(".ldif")}
        assert names == {"mamia.toml", "gateway.password", "secret_keys"}

    def test_when_it_runs_again_then_nothing_changes_and_it_says_so(self, place, answers):
        place.setup("--yes", "--answers", answers())
        before = everything(place)

        done = place.setup("--yes")

        assert "nothing to change" in done.stdout
        assert everything(place) == before

    def test_when_the_settings_have_a_key_that_nobody_asks_for_then_it_stays_with_its_comment(self, place, answers):
        place.setup("--yes", "--answers", answers())
        text = place.config.read_text() + "\n# ours\n[reset]\nticket_minutes = 7 # short\n"
        place.config.write_text(text)

        place.setup("--yes", "--set", "support.phone=09 09 09 09 09")

        assert place.config.read_text() == text.replace("01 02 03 04 05", "09 09 09 09 09")

    def test_when_answers_cannot_be_used_then_all_are_reported_and_nothing_is_written(self, place, answers):
        wrong = {"web": {"port": "many", "colour": "red"}, "people": {"base": "somewhere"}}
        done = place.setup("--yes", "--apply", "--answers", answers(**wrong, directory={"servers": ["http://ldap"]}))

        assert done.returncode == 2
        said = " ".join(done.stderr.split())
        assert "web.port" in said
        assert "web.colour is not a known setting" in said
        assert "people.base is not a DN" in said
        assert "http://ldap is not an ldaps://" in said
        assert everything(place) == {}

    @pytest.mark.parametrize(("text", "said"), [("[web", "is not TOML"), (None, "can't be read")])
    def test_when_the_file_cannot_be_used_then_the_status_is_2(self, place, text, said):
        file = place.root / "answers.toml"
        if text:
            file.write_text(text)

        done = place.setup("--yes", "--answers", file)

        assert done.returncode == 2
        assert said in done.stderr

    def test_when_an_answer_ends_without_a_terminal_then_the_status_is_2_and_it_is_kept(self, place):
        done = place.setup()

        assert done.returncode == 2
        assert "no answer to: LDAP servers" in done.stderr

    @pytest.mark.parametrize(
        "assignment", ["directory.bind_password=geheim", "rate_limits.store=redis://:geheim@127.0.0.1/0"]
    )
    def test_when_an_argument_is_a_secret_then_it_is_refused(self, place, assignment):
        done = place.setup("--yes", "--set", assignment)

        assert done.returncode == 2
        assert "everybody on this machine sees arguments" in " ".join(done.stderr.split())
        assert "geheim" not in done.stdout + done.stderr

    @pytest.mark.parametrize(
        "assignment",
        [
            "web.secret_keys=['geheim']",
            "capture.bind_password=geheim",
            "workstation.targets.domain={bind_password = 'geheim'}",
            "workstation.targets.domain.bind_password=geheim",
            "second_factor.sms_gateway_token=geheim",
            "rate_limits.store='redis://:geheim@127.0.0.1/0'",
            "password.pwned_url=https://user:geheim@proxy.ac-mine.fr/",
            "directory.servers=['ldaps://u:geheim@ldap.ac-mine.fr']",
        ],
    )
    def test_when_any_part_of_an_argument_is_a_secret_then_it_is_refused(self, place, assignment):
        arguments = make_parser().parse_args(["setup", "--set", assignment])
        with pytest.raises(AnswersError, match="is a secret") as refused:
            start_session(arguments, Paths(place.config))
        assert "geheim" not in str(refused.value)

    def test_when_the_name_of_a_file_with_a_secret_is_an_argument_then_it_is_taken(self, place):
        assignments = ["directory.bind_password_file=/etc/x", "password.min_length=9"]
        arguments = make_parser().parse_args(["setup", *(f"--set={one}" for one in assignments)])
        answers = start_session(arguments, Paths(place.config)).answers
        assert answers.get("directory.bind_password_file") == "/etc/x"
        assert answers.get("password.min_length") == 9

    def test_when_the_directory_refuses_the_password_then_that_is_the_first_problem(self, place, server):
        wrong = place.root / "wrong"
        wrong.write_text("falsch")
        done = place.setup("--json", "--bind-dn", server.admin_dn, "--bind-password-file", wrong)

        problems = json.loads(done.stderr)["problems"]
        assert done.returncode == 2
        assert (problems[0]["key"], "refuses cn=admin" in problems[0]["message"]) == ("directory", True)
        assert {one["message"] for one in problems[1:]} == {"is required, and missing"}

    def test_when_a_password_would_cross_the_network_in_plain_text_then_it_is_refused(self, place):
        done = place.setup("--yes", "--server", "ldap://ldap.ac-mine.fr")

        assert done.returncode == 2
        assert "would carry passwords in plain text" in " ".join(done.stderr.split())

    def test_when_it_prints_json_then_a_program_can_read_what_is_missing(self, place, answers):
        done = place.setup("--json", "--answers", answers())

        assert problems_of(FORMS["setup"], done.stdout) == []
        result = json.loads(done.stdout)
        assert result["exit_code"] == done.returncode == 1
        assert {Path(one["path"]).name for one in result["files"]} == {
            "mamia.toml",
            "gateway.password",
            "secret_keys",
        }
        assert any(one["file"] == "30-access" for one in result["changes"])
        assert any("not changed yet" in one["what"] for one in result["missing"])


class TestDryRun:
    def test_when_it_is_asked_for_then_nothing_is_written_and_the_run_does_what_was_promised(self, place, answers):
        file = answers()
        promised = json.loads(place.setup("--json", "--dry-run", "--answers", file).stdout)

        assert everything(place) == {}
        done = json.loads(place.setup("--json", "--answers", file).stdout)
        assert done["files"] == promised["files"]
        assert done["changes"] == promised["changes"]
        assert sorted(everything(place)) == sorted(
            [one["path"] for one in promised["files"]]
            + [f"{place.root}/etc/mamia/ldif/{one['file']}.ldif" for one in _once(promised["changes"])]
        )


def _once(changes: list[dict[str, str]]) -> list[dict[str, str]]:
    return list({one["file"]: one for one in changes}.values())


class TestSecrets:
    def test_when_they_are_made_then_only_their_owner_reads_them_and_no_output_has_them(self, place, answers):
        done = place.setup("--yes", "--answers", answers())

        folder = place.root / "etc/mamia"
        for name in ("gateway.password", "secret_keys"):
            secret = (folder / name).read_text()
            assert mode(folder / name) == "0o600"
            assert (folder / name).stat().st_uid == os.geteuid()
            assert secret not in done.stdout + done.stderr
            assert [file for file, content in everything(place).items() if secret.encode() in content] == [
                str(folder / name)
            ]
        assert "no user mamia" in " ".join(done.stdout.split())

    def test_when_a_folder_was_open_to_others_then_it_is_closed_or_refused(self, tmp_path):
        folder = tmp_path / "undo"
        folder.mkdir()
        folder.chmod(0o777)
        make_own_folder(folder)
        assert mode(folder) == "0o700"
        (folder / "somebody's").write_text("")
        folder.chmod(0o777)
        with pytest.raises(PermissionError, match="others could write"):
            make_own_folder(folder)

    def test_when_the_users_exist_then_each_secret_belongs_to_the_process_that_needs_it(self, tmp_path):
        file = PlannedFile(tmp_path / "secret", b"x", secret_access("daemon"), "a test's", is_secret=True)
        file.write()

        status = file.path.stat()
        assert (status.st_uid, status.st_gid, mode(file.path)) == (1, 1, "0o600")
        assert "0600 daemon:daemon" in file.describe_access()

    def test_when_a_file_is_written_then_nobody_could_read_it_before(self, tmp_path):
        path = tmp_path / "secret"
        path.write_text("old")
        path.chmod(0o644)

        PlannedFile(path, b"new", Access(0o600), "a test's", is_secret=True).write()

        assert mode(path) == "0o600"
        assert [one.name for one in tmp_path.iterdir()] == ["secret"]

    def test_when_the_directory_has_the_account_already_then_its_password_is_left_alone(self, place, server, answers):
        server.add("ou=services,dc=ac-mine,dc=fr", objectClass="organizationalUnit", ou="services")
        dn = "cn=gateway,ou=services,dc=ac-mine,dc=fr"
        roles = ["organizationalRole", "simpleSecurityObject"]
        server.add(dn, objectClass=roles, cn="gateway", userPassword="Depuis-2023")
        try:
            done = json.loads(place.setup("--json", "--answers", answers()).stdout)
            told = json.loads(place.setup("--json", "--answers", answers(), "--renew", "gateway").stdout)
        finally:
            with server.as_admin() as connection:
                connection.delete_s(dn)
                connection.delete_s("ou=services,dc=ac-mine,dc=fr")

        assert any("has the account gateway already" in one["what"] for one in done["missing"])
        assert not any("password" in one["path"] for one in done["files"])
        assert any(one["file"] == "70-services" and dn in one["what"] for one in told["changes"])


class TestUndo:
    def test_when_it_is_undone_then_the_directory_is_as_before_and_people_still_log_in(self, place, server, answers):
        admin = place.root / "admin"
        admin.write_text(ADMIN_PASSWORD)
        own = ["--bind-dn", server.admin_dn, "--bind-password-file", admin]
        before = set(server.configuration_dns())
        applied = json.loads(place.setup("--json", "--apply", "--answers", answers(), *own).stdout)

        undo = applied["undo_folder"]
        shown = place.setup("--undo", undo, "--dry-run", *own)
        assert problems_of(FORMS["setup"], place.setup("--undo", undo, "--dry-run", "--json", *own).stdout) == []
        done = place.setup("--undo", undo, *own)

        assert (shown.returncode, done.returncode) == (0, 0), done.stderr
        assert "Would take back" in shown.stdout
        assert server.binds(server.dn("fdurand"), "Ancien-2024")
        assert server.read("cn=gateway,ou=services,dc=ac-mine,dc=fr") == {}
        assert before <= set(server.configuration_dns())

    def test_when_it_is_stopped_while_it_applies_then_the_next_run_gives_the_class_to_everybody(
        self, place, server, answers, monkeypatch, capsys
    ):
        admin = place.root / "admin"
        admin.write_text(ADMIN_PASSWORD)
        own = ["--bind-dn", server.admin_dn, "--bind-password-file", str(admin)]
        for name, value in place.environment.items():
            if name.startswith("MAMIA_"):
                monkeypatch.setenv(name, value)
        with monkeypatch.context() as patched:
            patched.setattr(Report, "progress", _stop)
            status = main(["setup", "--json", "--apply", "--answers", str(answers()), *own])
        stopped = json.loads(capsys.readouterr().err)

        done = json.loads(place.setup("--json", "--apply", *own).stdout)

        assert (status, stopped["error"]) == (130, "interrupted")
        assert "run it again to go on" in stopped["message"]
        assert done["applied"] > 10
        assert "mamiaPerson" in server.read(server.dn("nroux"))["objectClass"]
        assert not (place.root / "etc/mamia" / UNFINISHED).exists()
        assert place.setup("--undo", done["undo_folder"], *own).returncode == 0

    def test_when_the_undo_folder_is_lost_then_adopt_makes_one_and_changes_nothing(self, place, server, answers):
        admin = place.root / "admin"
        admin.write_text(ADMIN_PASSWORD)
        own = ["--bind-dn", server.admin_dn, "--bind-password-file", admin]
        assert place.setup("--json", "--apply", "--answers", answers(), *own).returncode == 1
        first, made = place.root / "etc/mamia/undo", place.root / "adopted"
        rules = server.read_configuration(server.database)["olcAccess"]

        refused = place.setup("--adopt", made)
        again = place.setup("--adopt", first, *own)
        tried = place.setup("--adopt", made, "--dry-run", "--json", *own)
        assert not made.exists()
        done = place.setup("--adopt", made, "--json", *own)

        assert [(one.returncode, one.stdout) for one in (refused, again)] == [(1, ""), (1, "")]
        assert "database's administrator" in refused.stderr
        assert "has runs of setup already" in again.stderr
        assert json.loads(tried.stdout)["adopted"] == json.loads(done.stdout)["adopted"]
        assert problems_of(FORMS["setup"], done.stdout) == []
        assert server.read_configuration(server.database)["olcAccess"] == rules
        assert mode(made) == "0o700"
        assert place.setup("--undo", made, *own).returncode == 0
        assert server.read("cn=gateway,ou=services,dc=ac-mine,dc=fr") == {}
        assert place.setup("--undo", first, *own).returncode == 0

    def test_when_there_is_nothing_of_ours_then_adopt_makes_no_folder(self, place, server, answers):
        admin = place.root / "admin"
        admin.write_text(ADMIN_PASSWORD)
        assert place.setup("--json", "--answers", answers()).returncode == 1
        own = ["--bind-dn", server.admin_dn, "--bind-password-file", admin]

        done = place.setup("--adopt", place.root / "adopted", *own)

        assert (done.returncode, (place.root / "adopted").exists()) == (0, False), done.stderr
        assert "Nothing in the directory is ours" in done.stdout

    def test_when_the_folder_holds_nothing_of_setup_then_it_says_so(self, place):
        done = place.setup("--undo", place.root)

        assert done.returncode == 2
        assert "is not a folder of setup" in done.stderr

    def test_when_the_folder_is_none_then_the_status_is_2(self, place):
        done = place.setup("--undo", place.root / "nothing")

        assert done.returncode == 2
        assert "is not a folder of setup" in done.stderr
