"""Manual pages and completion scripts, as programs that read them judge them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.cli.command_list import all_commands
from gateway.cli.man_pages import write
from gateway.cli.roff import Item, Page
from gateway.settings import Settings

PAGES = ["mamia.1", "mamia.toml.5"]
PAGES += [f"mamia-{command.name}.1" for command in all_commands() if " " not in command.name]
COMPLETE = """
source "$1"
shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_shtab_mamia
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manual")
    write(folder)
    return folder


def page(folder: Path, name: str) -> Path:
    return folder / "man" / f"man{name[-1]}" / name


def shown(file: Path) -> str:
    """The page as man(1) shows it, on one line."""
    rendered = subprocess.run(["mandoc", "-T", "utf8", file], check=True, capture_output=True, text=True).stdout
    plain = subprocess.run(["col", "-b"], input=rendered, check=True, capture_output=True, text=True).stdout
    return " ".join(plain.split())


def completed(folder: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    command = ["bash", "-c", COMPLETE, "bash", str(folder / "completion" / "mamia"), "mamia", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


class TestPages:
    def test_when_they_are_written_then_there_is_one_per_command_and_one_for_the_settings(self, written):
        assert sorted(file.name for file in (written / "man").rglob("*.?")) == sorted(PAGES)

    @pytest.mark.parametrize("name", PAGES)
    def test_when_mandoc_and_man_read_them_then_neither_warns(self, written, name):
        file = page(written, name)

        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", file], capture_output=True, text=True)
        man = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(file)]
        groff = subprocess.run(man, capture_output=True, text=True)

        assert (lint.stdout + lint.stderr, groff.stderr) == ("", "")

    def test_when_the_settings_are_read_then_every_section_is_there(self, written):
        text = shown(page(written, "mamia.toml.5"))

        assert [name for name in Settings.model_fields if f"[{name}]" not in text] == []
        assert "servers list of text; needed. URLs in order of preference" in text

    def test_when_a_command_is_read_then_options_actions_and_exit_codes_are_there(self, written):
        text = shown(page(written, "mamia-sync.1"))

        for part in (
            "--config FILE",
            "mamia sync forget [OPTIONS] [LOGIN]",
            "--all-held",
            "130 interrupted by Ctrl-C",
        ):
            assert part in text


class TestPage:
    def test_when_text_looks_like_a_request_or_an_escape_then_it_is_shown_as_it_is(self, tmp_path):
        page = Page("x", 7, "2026-01-01", "x 1")
        page.heading("NAME")
        page.name_line("x", "test")
        page.heading("TEXT")
        page.text('.TH and \'br and back\\slash and "quotes" and `--code`')
        page.text("    .in an example\n    'too")
        page.items([Item(".dot", "'quote")])
        (tmp_path / "x.7").write_text(str(page))

        text = shown(tmp_path / "x.7")

        for part in (
            '.TH and \'br and back\\slash and "quotes" and --code',
            ".in an example",
            "'too",
            ".dot",
            "'quote",
        ):
            assert part in text


class TestCompletion:
    @pytest.mark.parametrize("shell, name", [("bash", "mamia"), ("zsh", "_mamia"), ("fish", "mamia.fish")])
    def test_when_its_shell_reads_the_script_then_it_is_valid(self, written, shell, name):
        done = subprocess.run([shell, "-n", written / "completion" / name], capture_output=True, text=True)

        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize(
        "words, offered",
        [
            (["s"], ["serve", "sync", "setup", "stats", "settings"]),
            (
                ["account", "fdurand4", ""],
                [
                    "show",
                    "unlock",
                    "force-change",
                    "give-code",
                    "approve-code",
                    "close-code",
                    "export",
                    "erase-recovery",
                ],
            ),
            (["account", "fdurand4", "unlock", "--bind"], ["--bind-dn", "--bind-password-file"]),
            (["sync", ""], ["status", "retry", "forget", "resume"]),
            (["demo", "--workstation", ""], ["nt", "samba"]),
        ],
        ids=lambda words: " ".join(words),
    )
    def test_when_tab_is_pressed_then_commands_options_and_choices_are_offered(self, written, words, offered):
        assert completed(written, *words) == offered

    def test_when_a_file_is_wanted_then_files_are_offered(self, written, tmp_path):
        (tmp_path / "mamia.toml").touch()

        assert completed(written, "check", "--config", f"{tmp_path}/mam") == [f"{tmp_path}/mamia.toml"]

    def test_when_fish_completes_then_it_offers_the_meaning_too(self, written):
        script = f"source {written}/completion/mamia.fish; complete -C 'mamia check --pro'"
        done = subprocess.run(["fish", "-c", script], capture_output=True, text=True)

        assert "--problems\tprint the findings WARN and FAIL only" in done.stdout
