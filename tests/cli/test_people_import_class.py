"""`mamia people import` on entries that are there without our class or without a number."""

from __future__ import annotations

import pytest

from tests.support.mamia_command import PeopleImport

HEAD = "login;surname;given_name;birth_date;numen\n"
ROW = "fdurand;Durand;François;27/03/1985;12E8534567ABC\n"
FILE = HEAD + ROW
WITHOUT = {"objectClass": ["inetOrgPerson"], "numen": None, "birthDate": None}
"""What an entry of a directory without our schema has in the place of the usual."""


@pytest.fixture
def run_import(directory, tmp_path):
    return PeopleImport(directory, tmp_path)


def counts(done) -> str:
    return str(done.stdout).splitlines()[-1].removeprefix("would be: ")


class TestEntryWithoutOurClass:
    def test_when_add_class_is_given_then_the_row_finds_it_by_its_login(self, directory, run_import):
        directory.add_person("fdurand", **WITHOUT)

        done = run_import(FILE, "--add-class")

        assert done.returncode == 0, done.stderr
        entry = directory.read("fdurand")
        assert (entry["numen"], entry["birthDate"]) == (["12E8534567ABC"], ["19850327"])
        assert set(entry["objectClass"]) == {"inetOrgPerson", "mamiaPerson"}
        assert "1 as they were" in run_import(FILE).stdout

    def test_when_add_class_is_not_given_then_the_row_is_doubtful_and_the_option_is_named(
        self, directory, run_import
    ):
        directory.add_person("fdurand", **WITHOUT)
        before = directory.read("fdurand")

        done = run_import(FILE)

        assert done.returncode == 1
        assert "--add-class" in done.stderr
        assert "0 created, 0 updated" in done.stdout
        assert directory.read("fdurand") == before

    def test_when_the_filter_names_it_then_the_import_says_how_many_lack_the_class(self, directory, run_import):
        directory.add_person("fdurand", **WITHOUT)
        in_people = 'filter = "(objectClass=inetOrgPerson)"'

        done = run_import(FILE, in_people=in_people)

        assert "1 people have not the class mamiaPerson" in done.stderr
        assert "the entry has not the class mamiaPerson" in done.stderr
        assert "0 updated" in done.stdout
        assert "1 updated" in run_import(FILE, "--add-class", in_people=in_people).stdout

    def test_when_the_name_is_another_then_nothing_is_written(self, directory, run_import):
        directory.add_person("fdurand", surname="Martin", **WITHOUT)

        done = run_import(FILE, "--add-class")

        assert "another name or birth date" in done.stderr
        assert directory.read("fdurand")["objectClass"] == ["inetOrgPerson"]

    def test_when_two_rows_name_it_then_only_the_first_is_taken(self, directory, run_import):
        directory.add_person("fdurand", **WITHOUT)

        done = run_import(FILE + ROW.replace("ABC", "ABD"), "--add-class")

        assert "this login is in the file twice" in done.stderr
        assert directory.read("fdurand")["numen"] == ["12E8534567ABC"]


class TestDryRun:
    @pytest.mark.parametrize("options", [[], ["--add-class"]])
    @pytest.mark.parametrize("in_people", ["", 'filter = "(objectClass=inetOrgPerson)"'])
    def test_when_the_run_follows_then_it_does_exactly_what_was_promised(
        self, directory, run_import, options, in_people
    ):
        directory.add_person("fdurand", **WITHOUT)
        directory.add_person("smoreau", surname="Moreau", given_name="Sophie", numen="12E8534568ABD")
        others = (
            "smoreau;Moreau;Anne;27/03/1985;12E8534568ABD\n"
            "nouveau;Roux;Noé;02/01/1990;12E8534569ABE\n"
            "smoreau;Petit;Luc;02/01/1991;12E8534560ABF\n"
        )
        before = {login: directory.read(login) for login in ("fdurand", "smoreau")}

        promised = run_import(FILE + others, "--dry-run", *options, in_people=in_people)

        assert {login: directory.read(login) for login in before} == before
        done = run_import(FILE + others, *options, in_people=in_people)
        assert counts(done) == counts(promised)
        assert done.returncode == promised.returncode
        assert [line for line in promised.stdout.splitlines() if line.startswith("+ ")] == [
            f"+ nouveau: Noé Roux, {directory.read('nouveau')['mail'][0]}"
        ]
        changed = {line.split()[1].rstrip(":") for line in promised.stdout.splitlines() if line.startswith("~ ")}
        assert {login for login in before if directory.read(login) != before[login]} == changed
