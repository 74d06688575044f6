"""All commands together: their arguments, exit codes, JSON and documentation keep the same rules."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from pkgutil import resolve_name

import pytest

from gateway.cli.command_list import Command, all_commands
from gateway.cli.command_notes import NOTES
from gateway.cli.commands_reference import reference
from gateway.cli.exit_codes import ERROR_MEANINGS, MEANINGS, ErrorKind, ExitCode
from gateway.cli.json_forms import ERROR, FORMS
from gateway.cli.main import main
from tests.support.json_form import objects, problems_of
from tests.support.mamia_command import MAMIA, run_mamia

COMMANDS = [command for command in all_commands() if command.runs]
SECRET_WORDS = ("password", "passphrase", "secret", "token", "key", "pin", "credential", "numen")

each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


class TestDocument:
    def test_when_a_command_changed_then_the_document_did_too(self):
        written = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()

        assert reference() == written, "make commands"

    def test_when_something_is_written_about_a_command_then_there_is_one(self):
        names = {command.name for command in COMMANDS}

        assert set(FORMS) == names
        assert set(NOTES) <= names
        assert set(MEANINGS) == set(ExitCode)
        assert set(ERROR_MEANINGS) == set(ErrorKind)


class TestCommand:
    @each_command
    def test_when_it_runs_then_its_function_is_there(self, command: Command):
        _, function = command.parser.get_default("run").args

        assert callable(resolve_name(function))

    @each_command
    def test_when_help_is_asked_for_then_it_ends_with_the_exit_codes(self, command: Command):
        shown = command.parser.format_help()

        codes = [line.split()[0] for line in shown.partition("exit codes:\n")[2].splitlines()]
        assert codes == [str(int(code)) for code in ExitCode]
        assert max(map(len, shown.splitlines())) <= 120

    @each_command
    def test_when_its_options_are_listed_then_json_is_among_them_and_all_are_explained(self, command: Command):
        assert any("--json" in option.option_strings for option in command.options)
        for argument in (*command.arguments, *command.options):
            assert argument.help

    @each_command
    def test_when_an_option_is_about_a_secret_then_it_takes_a_file(self, command: Command):
        """All users of a machine can read the arguments of a process."""
        about_secrets = [
            option
            for option in (*command.arguments, *command.options)
            if option.nargs != 0 and any(word in f"{option.option_strings}{option.dest}" for word in SECRET_WORDS)
        ]

        assert [option.dest for option in about_secrets if option.type is not Path] == []
        assert [option.dest for option in about_secrets if not option.dest.endswith("_file")] == []

    def test_when_the_rule_about_secrets_is_tried_then_there_are_options_that_it_judges(self):
        files = [option.dest for command in COMMANDS for option in command.options if option.dest.endswith("_file")]

        assert {"bind_password_file", "person_password_file"} <= set(files)


class TestError:
    @pytest.mark.parametrize(
        "arguments, kind, code",
        [
            (["account"], "arguments", 2),
            (["sync", "sing"], "arguments", 2),
            (["account", "x", "unlock"], "arguments", 2),
            (["api-token", "No Name"], "arguments", 2),
            (["keygen", "/nowhere/worker"], "file", 1),
            (["serve", "--config", "/nowhere.toml"], "settings", 2),
            (["sync", "--config", "/nowhere.toml"], "settings", 2),
            (["sync", "status", "--config", "/nowhere.toml"], "settings", 2),
            (["capture", "--config", "/nowhere.toml"], "settings", 2),
            (["check", "--config", "/nowhere.toml"], "settings", 2),
            (["people", "import", "/nowhere.csv", "--bind-dn", "cn=x", "--config", "/nowhere.toml"], "settings", 2),
            (["people", "sample", "--count", "1", "--seed", "1", "--output", "/nowhere/x"], "file", 2),
        ],
    )
    def test_when_a_program_asks_then_the_error_is_one_line_of_json(self, arguments, kind, code):
        done = run_mamia(*arguments, "--json")

        assert (done.returncode, done.stdout) == (code, "")
        assert problems_of(ERROR, done.stderr) == []
        [error] = objects(ERROR, done.stderr)
        assert (error["error"], error["exit_code"]) == (kind, code)
        assert error["command"] in f"mamia {' '.join(arguments)}"

    def test_when_a_person_asks_then_the_error_names_the_command_and_its_help(self, capsys):
        with pytest.raises(SystemExit) as end:
            main(["account"])

        assert end.value.code == 2
        complaint = capsys.readouterr().err
        assert "mamia account: error: the following arguments are required: LOGIN" in complaint
        assert "mamia account --help" in complaint

    def test_when_the_action_is_typed_before_the_login_then_the_error_says_what_comes_first(self, capsys):
        with pytest.raises(SystemExit):
            main(["account", "show", "fdurand4"])

        assert "mamia account LOGIN show" in capsys.readouterr().err

    def test_when_what_was_typed_would_move_the_cursor_then_it_is_replaced(self, capsys):
        assert main(["keygen", "/nowhere/\033[2Jworker"]) == 1

        assert "\033" not in capsys.readouterr().err

    def test_when_settings_are_missing_then_each_is_a_problem_with_its_key(self, tmp_path):
        (tmp_path / "mamia.toml").write_text("[web]\nprot = 1\n")

        done = run_mamia("serve", "--config", tmp_path / "mamia.toml", "--json")

        [error] = objects(ERROR, done.stderr)
        assert {"web.prot", "directory", "people"} <= {problem["key"] for problem in error["problems"]}

    @pytest.mark.parametrize("as_json", [False, True])
    def test_when_it_is_interrupted_then_it_ends_with_130_and_no_traceback(self, tmp_path, as_json):
        """The output is a pipe that nobody reads, so that the command is still writing then."""
        options = ["--count", "1000000", "--seed", "1", *(["--json"] if as_json else [])]
        command = [*MAMIA, "people", "sample", *options]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A shell starts what it puts in the background with SIGINT ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            assert process.stdout
            assert process.stderr
            assert process.stdout.readline()
            process.send_signal(signal.SIGINT)
            complaint = process.stderr.read().decode()
            process.stdout.close()
            code = process.wait(60)

        assert code == 130
        assert "Traceback" not in complaint
        assert [one["error"] for one in objects(ERROR, complaint)] == (["interrupted"] if as_json else [])


class TestOutput:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["settings"],
            ["api-token", "webmail"],
            ["completion", "bash"],
            ["completion", "zsh"],
            ["completion", "fish"],
        ],
        ids=lambda arguments: " ".join(arguments),
    )
    def test_when_a_program_asks_then_it_gets_what_is_documented(self, capsys, arguments):
        assert main([*arguments, "--json"]) == 0

        assert problems_of(FORMS[arguments[0]], capsys.readouterr().out) == []

    def test_when_keys_are_made_then_their_files_are_named_and_no_key_is_shown(self, capsys, tmp_path):
        assert main(["keygen", str(tmp_path / "worker"), "--json"]) == 0

        written = capsys.readouterr().out
        assert problems_of(FORMS["keygen"], written) == []
        assert (tmp_path / "worker.key").read_text().split()[-1] not in written

    def test_when_people_are_invented_then_the_report_is_beside_the_ldif(self):
        done = run_mamia("people", "sample", "--count", "3", "--seed", "1", "--json")

        assert done.stdout.count("dn: ") == 3
        assert problems_of(FORMS["people sample"], done.stderr) == []
        assert json.loads(done.stderr)["count"] == 3

    def test_when_the_reader_has_seen_enough_then_it_ends_quietly(self):
        with subprocess.Popen([*MAMIA, "settings"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            complaint = process.stderr.read()

        assert (process.returncode, complaint) == (0, b"")

    def test_when_the_disk_is_full_then_it_says_so_and_nothing_else(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([*MAMIA, "api-token", "webmail"], stdout=full, stderr=subprocess.PIPE, text=True)

        assert done.returncode == 1
        assert done.stderr == "mamia api-token: standard output: No space left on device\n"
