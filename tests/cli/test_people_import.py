"""`mamia people import` as an administrator runs it on an export of the staff office's."""

from __future__ import annotations

import ldap
import pytest
from ldap.controls.simple import ManageDSAITControl

from tests.support.mamia_command import PeopleImport
from tests.support.slapd_server import PASSWORD, PEOPLE

HEAD = "surname;birth_name;given_name;birth_date;numen;temporary_agent_number;department\n"
DURAND = "Durand;;François;27/03/1985;12E8534567ABC;;rectorat\n"
MARTIN = "Martin;Lefèvre;Jean-Pierre;1970-12-01;;T0012345;\n"


@pytest.fixture
def run(directory, tmp_path):
    """Imports this text: `run(HEAD + DURAND, "--dry-run")`."""
    return PeopleImport(directory, tmp_path)


def logins(directory):
    with directory.as_admin() as line:
        return sorted(
            found["uid"][0].decode() for _, found in line.search_s(PEOPLE, ldap.SCOPE_ONELEVEL, attrlist=["uid"])
        )


class TestImport:
    def test_when_people_are_new_then_they_get_login_address_and_a_password_to_change(self, directory, run):
        done = run(HEAD + DURAND + MARTIN)

        assert done.returncode == 0, done.stderr
        assert "2 created" in done.stdout
        durand, martin = directory.read("fdurand"), directory.read("jmartin")
        assert durand["mail"] == ["francois.durand@ac-example.fr"]
        assert durand["departmentNumber"] == ["rectorat"]
        assert martin["patronymicName"] == ["Lefèvre"]
        assert martin["mail"] == ["jean-pierre.martin@ac-example.fr"]
        assert martin["birthDate"] == ["19701201"]
        assert durand["pwdReset"] == martin["pwdReset"] == ["TRUE"]
        assert directory.binds("fdurand", "12E8534567ABC")
        assert directory.binds("jmartin", "T0012345")

    def test_when_people_share_a_name_then_login_and_address_are_numbered(self, directory, run):
        homonym = DURAND.replace("12E8534567ABC", "12E8534568ABC")

        run(HEAD + DURAND + homonym)

        assert logins(directory) == ["fdurand", "fdurand2"]
        assert directory.read("fdurand2")["mail"] == ["francois.durand2@ac-example.fr"]

    def test_when_it_runs_again_then_nothing_changes_and_passwords_stay(self, directory, run):
        run(HEAD + DURAND)
        directory.set("fdurand", "userPassword", PASSWORD)

        done = run(HEAD + DURAND)

        assert "0 created, 0 updated, 1 as they were" in done.stdout
        assert directory.binds("fdurand", PASSWORD)

    def test_when_somebody_married_then_the_name_changes_and_the_login_does_not(self, directory, run):
        run(HEAD + MARTIN)

        done = run(HEAD + MARTIN.replace("Martin;Lefèvre", "Moreau;Lefèvre"))

        assert "1 updated" in done.stdout
        assert directory.read("jmartin")["sn"] == ["Moreau"]
        assert directory.read("jmartin")["mail"] == ["jean-pierre.martin@ac-example.fr"]

    def test_when_it_is_tried_out_then_it_shows_the_difference_and_writes_nothing(self, directory, run):
        run(HEAD + MARTIN)

        done = run(HEAD + DURAND + MARTIN.replace("Martin;Lefèvre", "Moreau;Lefèvre"), "--dry-run")

        assert "+ fdurand: François Durand, francois.durand@ac-example.fr" in done.stdout
        assert "~ jmartin: sn: Martin -> Moreau" in done.stdout
        assert "would be: 1 created, 1 updated" in done.stdout
        assert "12E8534567ABC" not in done.stdout + done.stderr
        assert logins(directory) == ["jmartin"]
        assert directory.read("jmartin")["sn"] == ["Martin"]

    @pytest.mark.parametrize(
        "row, reported",
        [
            (";;François;27/03/1985;12E8534567ABC;;\n", "surname is empty"),
            ("Durand;;François;27/03/85;12E8534567ABC;;\n", "birth_date is unreadable"),
            ("Durand;;François;31/02/1985;12E8534567ABC;;\n", "birth_date is impossible"),
            ("Durand;;François;27/03/1985;;;\n", "neither numen nor temporary_agent_number"),
            ("Durand;;François;27/03/1985;12E*;;\n", "numen must have 4 to 20 characters"),
            ("Durand;;---;27/03/1985;12E8534567ABC;;\n", "no letter"),
        ],
    )
    def test_when_a_row_has_a_fault_then_its_line_and_reason_are_reported_and_the_others_are_written(
        self, directory, run, row, reported
    ):
        done = run(HEAD + MARTIN + row)

        assert done.returncode == 1
        [line] = [line for line in done.stderr.splitlines() if "line 3: " in line]
        assert reported in line
        assert "12E8534567ABC" not in done.stderr
        assert logins(directory) == ["jmartin"]

    def test_when_a_number_stands_twice_then_the_second_row_is_refused(self, directory, run):
        done = run(HEAD + DURAND + DURAND.replace("François", "Anne"))

        assert "line 3: this number is in the file twice" in done.stderr
        assert logins(directory) == ["fdurand"]

    def test_when_people_are_missing_in_the_file_then_they_are_left_alone_unless_asked(self, directory, run):
        run(HEAD + DURAND + MARTIN)

        done = run(HEAD + DURAND)

        assert "0 marked as leavers" in done.stdout
        assert directory.binds("jmartin", "T0012345")

    def test_when_leavers_are_to_be_marked_then_their_accounts_are_closed_and_nothing_is_deleted(
        self, directory, run
    ):
        run(HEAD + DURAND + MARTIN)

        done = run(HEAD + DURAND, "--mark-leavers", "--max-leavers-percent", "50")

        assert "1 marked as leavers" in done.stdout, done.stderr
        assert directory.read("jmartin")["employeeType"] == ["leaver"]
        assert not directory.binds("jmartin", "T0012345")
        assert directory.binds("fdurand", "12E8534567ABC")

    def test_when_somebody_leaves_then_their_recovery_methods_are_erased_and_others_keep_theirs(self, directory, run):
        run(HEAD + DURAND + MARTIN)
        for login in ("fdurand", "jmartin"):
            classes = directory.read(login)["objectClass"]
            directory.set(login, "objectClass", [*classes, "mamiaRecoverable"])
            directory.set(login, "mamiaRecovery", ["one, sealed", "another, sealed"])

        done = run(HEAD + DURAND, "--mark-leavers", "--max-leavers-percent", "50")

        assert "1 marked as leavers" in done.stdout, done.stderr
        assert "mamiaRecovery" not in directory.read("jmartin")
        assert len(directory.read("fdurand")["mamiaRecovery"]) == 2

    def test_when_a_leaver_comes_back_then_the_account_opens_again(self, directory, run):
        run(HEAD + DURAND + MARTIN)
        run(HEAD + DURAND, "--mark-leavers", "--max-leavers-percent", "50")

        run(HEAD + DURAND + MARTIN)

        assert "employeeType" not in directory.read("jmartin")
        assert directory.binds("jmartin", "T0012345")

    def test_when_too_many_would_leave_then_the_file_is_taken_for_half_of_one(self, directory, run):
        run(HEAD + DURAND + MARTIN)

        done = run(HEAD + DURAND, "--mark-leavers")

        assert done.returncode == 1
        assert "is the file whole?" in done.stderr
        assert directory.binds("jmartin", "T0012345")

    def test_when_a_row_has_a_fault_then_nobody_is_taken_for_a_leaver(self, directory, run):
        run(HEAD + DURAND + MARTIN)

        done = run(HEAD + DURAND + MARTIN.replace("1970-12-01", "?"), "--mark-leavers", "--max-leavers-percent", "90")

        assert "nobody was marked as a leaver" in done.stderr
        assert directory.binds("jmartin", "T0012345")

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param((HEAD + DURAND).replace(";", ","), id="commas"),
            pytest.param((HEAD + DURAND).replace(";", "\t"), id="tabs"),
            pytest.param((HEAD + DURAND).encode("cp1252"), id="Windows-1252"),
            pytest.param(("\ufeff" + HEAD + DURAND).encode(), id="a mark before UTF-8"),
            pytest.param((HEAD + DURAND).replace("\n", "\r\n"), id="Windows' line ends"),
            pytest.param((HEAD.upper() + DURAND), id="columns in capitals"),
        ],
    )
    def test_when_the_file_comes_from_another_program_then_it_is_read_all_the_same(self, directory, run, content):
        assert run(content).returncode == 0
        assert directory.read("fdurand")["givenName"] == ["François"]

    @pytest.mark.parametrize(
        "content, reported",
        [("", "must name the columns"), ("nom;prenom\nDurand;Anne\n", "surname"), (HEAD + 'Durand;"open', "line")],
    )
    def test_when_the_file_is_none_then_it_says_so_and_writes_nothing(self, directory, run, content, reported):
        done = run(content)

        assert done.returncode == 2
        assert reported in done.stderr
        assert "nothing was written" in done.stderr

    def test_when_the_password_file_is_absent_then_the_option_is_named_and_no_setting(self, run):
        done = run(HEAD + DURAND, "--bind-password-file", "/nowhere")

        assert done.returncode == 2
        assert "--bind-password-file: can't be read" in done.stderr
        assert "settings" not in done.stderr

    def test_when_a_write_is_refused_then_its_line_is_reported_and_the_next_run_does_the_rest(self, directory, run):
        directory.load(f"dn: cn=intruder,{PEOPLE}\nobjectClass: device\ncn: intruder\n")
        # No search shows it, so the login passes for free.
        directory.load(
            f"dn: uid=fdurand,{PEOPLE}\nobjectClass: referral\nobjectClass: extensibleObject\nuid: fdurand\n"
            "ref: ldap://elsewhere.example/\n"
        )

        done = run(HEAD + DURAND + MARTIN)

        assert done.returncode == 1
        assert "line 2: fdurand: not written: entryAlreadyExists" in done.stderr
        assert directory.binds("jmartin", "T0012345")
        with directory.as_admin() as line:
            line.delete_ext_s(directory.dn("fdurand"), serverctrls=[ManageDSAITControl()])

    def test_when_a_line_or_a_cell_is_huge_then_the_fault_is_named_and_nothing_is_written(self, directory, run):
        huge_cell = run(HEAD + DURAND.replace("27/03/1985", f"1{chr(9) * 100_000}1"))
        huge_line = run(HEAD + DURAND.replace("Durand", "x" * 200_000))
        huge_head = run("surname" * 50_000 + ";" + HEAD + DURAND)

        assert "line 2: birth_date has more than 200 characters" in huge_cell.stderr
        assert "field larger than field limit" in huge_line.stderr
        assert "mamia people import" in huge_head.stderr
        assert "Traceback" not in huge_head.stderr
        assert 0 not in (huge_cell.returncode, huge_line.returncode, huge_head.returncode)
        assert logins(directory) == []
