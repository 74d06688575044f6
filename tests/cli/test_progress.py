"""Long work shows its progress on a terminal, and nowhere else."""

from __future__ import annotations

import pytest

from tests.support.mamia_command import MAMIA, PeopleImport, run_mamia
from tests.support.slapd_server import ADMIN
from tests.support.terminal import run_on_a_terminal

SAMPLE = ["people", "sample", "--count", "2000", "--seed", "1"]


class TestSample:
    def test_when_a_file_is_written_from_a_terminal_then_it_counts_people(self, tmp_path):
        shown = run_on_a_terminal([*MAMIA, *SAMPLE, "--output", str(tmp_path / "x.ldif")])

        assert "2000/2000" in shown
        assert "people/s" in shown

    def test_when_the_terminal_shows_the_entries_then_no_bar_is_between_them(self):
        assert "people/s" not in run_on_a_terminal([*MAMIA, *SAMPLE])

    @pytest.mark.parametrize("options", [[], ["--json"]])
    def test_when_a_program_runs_it_then_nothing_is_shown(self, tmp_path, options):
        done = run_mamia(*SAMPLE, "--output", tmp_path / "x.ldif", *options)

        assert "people/s" not in done.stdout + done.stderr

    def test_when_a_report_is_wanted_on_a_terminal_then_no_bar_is_in_it(self, tmp_path):
        assert "people/s" not in run_on_a_terminal([*MAMIA, *SAMPLE, "--json", "--output", str(tmp_path / "x.ldif")])


class TestImport:
    def test_when_it_runs_on_a_terminal_then_it_says_what_it_does_and_counts_people(self, directory, tmp_path):
        head = "surname;given_name;birth_date;numen\n"
        load_staff = PeopleImport(directory, tmp_path)
        load_staff(f"{head}Durand;François;27/03/1985;12E8534567ABC\n", "--dry-run")
        options = ["--config", str(tmp_path / "mamia.toml"), "--bind-dn", ADMIN]
        options += ["--bind-password-file", str(tmp_path / "admin")]

        shown = run_on_a_terminal([*MAMIA, "people", "import", str(tmp_path / "staff.csv"), *options])

        assert "reading the directory" in shown
        assert "1/1" in shown
        assert "1 created" in shown
