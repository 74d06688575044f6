"""`mamia people import` where the directory has the person, the login or the address already, in whatever form."""

from __future__ import annotations

import ldap
import pytest

from tests.support.mamia_command import PeopleImport
from tests.support.slapd_server import PASSWORD, PEOPLE, SUFFIX

HEAD = "surname;birth_name;given_name;birth_date;numen;temporary_agent_number;department\n"
NADIA = "Martin;;Nadia;1992-05-06;99E8000000MAR;;\n"
THOMAS = "Girard;;Thomas;1999-05-17;99E8000000GRD;;\n"
CHLOE = "Laroche;Girou;Chloé;27/03/1985;12E8534567ABC;;\n"
LISTS = f"ou=lists,{SUFFIX}"


@pytest.fixture
def run(directory, tmp_path):
    """Imports this text: `run(HEAD + NADIA, "--dry-run", in_people='login = "uid"')`."""
    return PeopleImport(directory, tmp_path)


@pytest.fixture
def contractor(directory):
    """Somebody whose temporary number is no longer in the file."""
    return directory.add_person(
        "tgirard", surname="Girard", given_name="Thomas", birthDate="19990517", numen=None,
        temporaryAgentNumber="T0012345",
    )  # fmt: skip


def logins(directory):
    with directory.as_admin() as line:
        return sorted(dn for dn, _ in line.search_s(PEOPLE, ldap.SCOPE_ONELEVEL, attrlist=["1.1"]))


WINDOWS = """
[workstation]
public_key_file = "{folder}/worker.pub"
[workstation.targets.windows]
type = "active_directory"
servers = ["ldaps://dc.ac-example.fr"]
bind_dn = "svc@ac-example.fr"
bind_password_file = "{folder}/admin"
base = "dc=ad,dc=ac-example,dc=fr"
"""


class TestImport:
    def test_when_somebody_has_the_login_and_address_as_second_values_then_a_newcomer_gets_others(
        self, directory, run
    ):
        directory.add_person(
            "ndupond", uid=["ndupond", "nmartin"], mail=["ndupond@ac-example.fr", "nadia.martin@ac-example.fr"]
        )

        done = run(HEAD + NADIA)

        assert done.returncode == 0, done.stderr
        assert directory.read("nmartin2")["mail"] == ["nadia.martin2@ac-example.fr"]
        assert directory.read("ndupond")["uid"] == ["ndupond", "nmartin"]

    @pytest.mark.parametrize(
        "login, mail", [("NMartin", "Nadia.Martin@AC-Example.fr"), ("\uff4emartin", "nadia.martin@ac-example.fr ")]
    )
    def test_when_login_and_address_are_taken_in_another_spelling_then_they_are_taken(
        self, directory, run, login, mail
    ):
        directory.add_person("ndupond", uid=["ndupond", login], mail=["ndupond@ac-example.fr", mail])

        run(HEAD + NADIA)

        assert directory.read("nmartin2")["mail"] == ["nadia.martin2@ac-example.fr"]

    def test_when_login_and_address_are_taken_with_options_then_they_are_taken(self, directory, run):
        directory.allow_options()
        taken = {"uid;x-old": "nmartin", "mail;x-home": "nadia.martin@ac-example.fr"}
        directory.add_person("ndupond", **taken)

        run(HEAD + NADIA)

        assert directory.read("nmartin2")["mail"] == ["nadia.martin2@ac-example.fr"]

    def test_when_names_with_options_differ_then_they_stay_and_the_next_run_changes_nothing(self, directory, run):
        directory.allow_options()
        directory.add_person("cgirou", surname="Girou", given_name="Chloé", **{"sn;lang-oc": "Giro"})

        run(HEAD + CHLOE)

        assert directory.read("cgirou")["sn;lang-oc"] == ["Giro"]
        assert "1 as they were" in run(HEAD + CHLOE).stdout

    def test_when_an_entry_outside_the_filter_has_the_login_and_address_then_they_are_taken(self, directory, run):
        directory.add_person("nmartin", objectClass=["inetOrgPerson"], birthDate=None, numen=None,
                             mail="nadia.martin@ac-example.fr")  # fmt: skip

        run(HEAD + NADIA)

        assert directory.read("nmartin2")["mail"] == ["nadia.martin2@ac-example.fr"]

    def test_when_the_account_sees_the_people_alone_then_their_names_are_taken(self, directory, run, tmp_path):
        directory.add_person("ndupond", uid=["ndupond", "nmartin"])
        operator = f"cn=operator,ou=services,{SUFFIX}"
        database = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"
        directory.load(
            f"dn: {operator}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: operator\n"
            f"userPassword: {directory.slapd.password('admin')}\n"
        )
        rules = [f"to dn.subtree=\"{PEOPLE}\" by dn.exact=\"{operator}\" write by * break",
                 f"to * by dn.exact=\"{operator}\" none by * break"]  # fmt: skip
        for rule in reversed(rules):
            directory.load(f"{database}add: olcAccess\nolcAccess: {{0}}{rule}\n", as_config=True)
        try:
            done = run(HEAD + NADIA, "--bind-dn", operator)
        finally:
            for _ in rules:
                directory.load(f"{database}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)
            with directory.as_admin() as line:
                line.delete_s(operator)

        assert done.returncode == 0, done.stderr
        assert directory.read("nmartin2")

    def test_when_two_entries_share_a_login_already_then_it_is_reported(self, directory, run):
        directory.add_person("ndupond", uid=["ndupond", "nmartin"])
        directory.add_person("nmartin", numen="99E8000000MAR", birthDate="19920506")

        done = run(HEAD + NADIA)

        assert "the login nmartin is that of several entries, so the service refuses it" in done.stderr
        assert directory.dn("ndupond") in done.stderr
        assert "1 updated" in done.stdout

    def test_when_a_list_outside_the_base_has_the_address_then_it_is_taken(self, directory, run):
        directory.load(f"dn: {LISTS}\nobjectClass: organizationalUnit\nou: lists\n")
        directory.load(
            f"dn: cn=nadia,{LISTS}\nobjectClass: applicationProcess\nobjectClass: extensibleObject\ncn: nadia\n"
            "mail: nadia.martin@ac-example.fr\n"
        )

        run(HEAD + NADIA)

        with directory.as_admin() as line:
            for dn in (f"cn=nadia,{LISTS}", LISTS):
                line.delete_s(dn)
        assert directory.read("nmartin")["mail"] == ["nadia.martin2@ac-example.fr"]


class TestDoubt:
    def test_when_name_and_birth_date_are_known_with_another_number_then_it_is_a_doubt(
        self, directory, run, contractor
    ):
        done = run(HEAD + THOMAS)

        assert done.returncode == 1
        assert "line 2: tgirard has the same name and birth date, but not this number" in done.stderr
        assert "0 created" in done.stdout
        assert "1 doubt," in done.stdout
        assert "99E8000000GRD" not in done.stdout + done.stderr
        assert logins(directory) == [directory.dn(contractor)]

    @pytest.mark.parametrize(
        "row",
        [
            "GIRARD;;thomas;1999-05-17;99E8000000GRD;;\n",
            "Leroy;Girard;Thomas;1999-05-17;99E8000000GRD;;\n",
            "Girard;;Thomas Marie;1999-05-17;99E8000000GRD;;\n",
        ],
        ids=["another spelling", "a new surname", "one more given name"],
    )
    def test_when_a_known_name_is_written_otherwise_then_it_is_a_doubt_too(self, directory, run, contractor, row):
        assert "line 2: tgirard has the same name and birth date" in run(HEAD + row).stderr
        assert logins(directory) == [directory.dn(contractor)]

    def test_when_the_known_entry_is_outside_the_filter_then_it_is_a_doubt_too(self, directory, run, contractor):
        directory.set(contractor, "employeeType", "contractor")

        done = run(HEAD + THOMAS, in_people='filter = "(&(objectClass=mamiaPerson)(!(employeeType=contractor)))"')

        assert f"line 2: {directory.dn(contractor)} has the same name and birth date" in done.stderr
        assert logins(directory) == [directory.dn(contractor)]

    def test_when_the_number_is_that_of_an_entry_outside_the_filter_then_it_is_a_doubt(
        self, directory, run, contractor
    ):
        directory.set(contractor, "employeeType", "contractor")
        row = "Autre;;Nom;1970-01-01;;T0012345;\n"

        done = run(
            HEAD + row,
            "--create-namesakes",
            in_people='filter = "(&(objectClass=mamiaPerson)(!(employeeType=contractor)))"',
        )

        assert "an entry that people.filter does not name" in done.stderr
        assert logins(directory) == [directory.dn(contractor)]

    def test_when_a_row_has_the_numbers_of_two_entries_then_it_is_a_doubt(self, directory, run, contractor):
        directory.add_person("autre", numen="99E8000000GRD")

        done = run(HEAD + THOMAS.replace(";;\n", ";T0012345;\n"))

        assert "its numbers are those of several entries" in done.stderr
        assert "temporaryAgentNumber" not in directory.read("autre")

    def test_when_two_rows_have_a_number_each_of_one_person_then_both_are_doubts_and_the_numbers_stay(
        self, directory, run
    ):
        thomas = {"surname": "Girard", "given_name": "Thomas", "birthDate": "19990517"}
        directory.add_person("tgirard", numen="99E8000000GRD", temporaryAgentNumber="T0012345", **thomas)
        by_numen, by_temporary_number = THOMAS, THOMAS.replace("99E8000000GRD;;\n", ";T0012345;\n")

        done = run(HEAD + by_numen + by_temporary_number)

        assert "line 2: tgirard has another number too, which another row has" in done.stderr
        assert "line 3: tgirard has another number too, which another row has" in done.stderr
        assert directory.read("tgirard")["numen"] == ["99E8000000GRD"]
        assert directory.read("tgirard")["temporaryAgentNumber"] == ["T0012345"]

    def test_when_a_login_holds_control_characters_then_the_terminal_gets_none(self, directory, run, monkeypatch):
        monkeypatch.setenv("PYTHONIOENCODING", "ascii")
        girard = {"surname": "Girard", "given_name": "Thomas", "birthDate": "19990517", "numen": None, "mail": None}
        directory.add_person("a\x1b[31mé", **girard)
        directory.add_person("b\x1b[31mé", numen="12E8534567ABC", mail=None)

        done = run(HEAD + THOMAS + CHLOE.replace("Laroche;Girou", "Durand;"), "--dry-run")

        assert "has the same name and birth date" in done.stderr
        assert "givenName: " in done.stdout
        assert "\x1b" not in done.stdout + done.stderr

    def test_when_two_entries_hold_one_number_then_it_is_a_doubt(self, directory, run):
        directory.add_person("autre", numen="99E8000000GRD")
        directory.add_person("encore", numen="99E8000000GRD")

        assert "its numbers are those of several entries" in run(HEAD + THOMAS).stderr

    def test_when_a_number_is_that_of_somebody_with_another_name_and_birth_date_then_it_is_a_doubt(
        self, directory, run
    ):
        directory.add_person("fdurand", numen="99E8000000GRD")

        done = run(HEAD + THOMAS)

        assert done.returncode == 1
        assert "line 2: its number is that of fdurand, who has another name and birth date" in done.stderr
        assert directory.read("fdurand")["sn"] == ["Durand"]

    @pytest.mark.parametrize("change", [{"birthDate": "19990517"}, {"sn": "Girard"}, {"givenName": "Thomas"}])
    def test_when_only_some_of_name_and_birth_date_changed_then_the_entry_follows(self, directory, run, change):
        directory.add_person("fdurand", numen="99E8000000GRD", **change)

        assert "1 updated" in run(HEAD + THOMAS).stdout
        assert directory.read("fdurand")["sn"] == ["Girard"]

    def test_when_a_doubtful_row_gets_both_numbers_then_the_entry_is_brought_up_to_date(
        self, directory, run, contractor
    ):
        done = run(HEAD + THOMAS.replace(";;\n", ";T0012345;\n"))

        assert done.returncode == 0, done.stderr
        assert directory.read(contractor)["numen"] == ["99E8000000GRD"]
        assert logins(directory) == [directory.dn(contractor)]

    def test_when_namesakes_are_to_be_created_then_the_second_person_is(self, directory, run, contractor):
        done = run(HEAD + THOMAS, "--create-namesakes")

        assert done.returncode == 0, done.stderr
        assert logins(directory) == [directory.dn(contractor), directory.dn("tgirard2")]

    def test_when_there_is_a_doubt_then_nobody_is_taken_for_a_leaver(self, directory, run, contractor):
        done = run(HEAD + THOMAS, "--mark-leavers", "--max-leavers-percent", "100")

        assert "nobody was marked as a leaver" in done.stderr
        assert directory.binds(contractor, PASSWORD)

    def test_when_the_file_lists_one_name_with_numbers_of_two_kinds_then_the_second_is_a_doubt(self, directory, run):
        done = run(HEAD + THOMAS + THOMAS.replace("99E8000000GRD;", ";T0012345"))

        assert "line 3: tgirard has the same name and birth date" in done.stderr
        assert logins(directory) == [directory.dn("tgirard")]


class TestFollowingNames:
    @pytest.mark.parametrize(
        "cn, expected",
        [
            (["Chloé Girou"], ["Chloé Laroche"]),
            (["GIROU Chloé"], ["LAROCHE Chloé"]),
            (["Mme Chloe Girou"], ["Mme Chloe Laroche"]),
            (["cgirou", "Chloé Girou"], ["cgirou", "Chloé Laroche"]),
            (["cgirou"], ["cgirou"]),
        ],
    )
    def test_when_a_surname_changes_then_the_full_names_follow(self, directory, run, cn, expected):
        directory.add_person("cgirou", surname="Girou", given_name="Chloé", cn=cn, displayName="Chloé Girou")

        done = run(HEAD + CHLOE)

        assert done.returncode == 0, done.stderr
        assert directory.read("cgirou")["sn"] == ["Laroche"]
        assert directory.read("cgirou")["cn"] == expected
        assert directory.read("cgirou")["displayName"] == ["Chloé Laroche"]
        assert "1 as they were" in run(HEAD + CHLOE).stdout

    def test_when_the_entry_is_named_by_its_cn_then_the_old_value_stays_beside_the_new_one(self, directory, run):
        dn = f"cn=Chloé Girou,{PEOPLE}"
        directory.add_person("cgirou", surname="Girou", given_name="Chloé", cn="Chloé Girou")
        with directory.as_admin() as line:
            line.rename_s(directory.dn("cgirou"), "cn=Chloé Girou", delold=0)

            done = run(HEAD + CHLOE)

            attributes = line.read_s(dn)
        assert done.returncode == 0, done.stderr
        assert [value.decode() for value in attributes["cn"]] == ["Chloé Laroche", "Chloé Girou"]
        assert "1 as they were" in run(HEAD + CHLOE).stdout

    def test_when_a_further_surname_was_added_by_hand_then_it_stays(self, directory, run):
        directory.add_person("cgirou", surname="Laroche", given_name="Chloé", patronymicName="Girou")
        directory.set("cgirou", "sn", ["Laroche", "Girou-Laroche"])

        done = run(HEAD + CHLOE)

        assert "1 as they were" in done.stdout, done.stderr
        assert directory.read("cgirou")["sn"] == ["Laroche", "Girou-Laroche"]

    def test_when_the_file_has_no_column_of_birth_names_then_those_of_the_directory_stay(self, directory, run):
        directory.add_person("cgirou", surname="Laroche", given_name="Chloé", patronymicName="Girou")

        done = run("surname;given_name;birth_date;numen\nLaroche;Chloé;27/03/1985;12E8534567ABC\n")

        assert "1 as they were" in done.stdout, done.stderr
        assert directory.read("cgirou")["patronymicName"] == ["Girou"]

    def test_when_somebody_leaves_and_comes_back_then_other_kinds_of_employment_stay(self, directory, run):
        directory.add_person("cgirou", surname="Laroche", given_name="Chloé", employeeType=["teacher", "tutor"])
        run(HEAD + NADIA, "--mark-leavers", "--max-leavers-percent", "100")
        marked = directory.read("cgirou")["employeeType"]

        run(HEAD + NADIA + CHLOE)

        assert marked == ["teacher", "tutor", "leaver"]
        assert directory.read("cgirou")["employeeType"] == ["teacher", "tutor"]

    @pytest.mark.parametrize(
        "more, is_reported",
        [(WINDOWS, True), (WINDOWS + 'filter = "(userPrincipalName={{login}}@ac-example.fr)"\n', False), ("", False)],
        ids=["sAMAccountName", "userPrincipalName", "no domain"],
    )
    def test_when_a_login_is_too_long_for_a_domain_then_it_is_reported(
        self, directory, run, tmp_path, more, is_reported
    ):
        (tmp_path / "worker.pub").write_text("k" * 44)

        done = run(HEAD + NADIA.replace("Martin", "Vandenbroucke-Lacroix"), more=more.format(folder=tmp_path))

        assert done.returncode == 0, done.stderr
        assert directory.read("nvandenbrouckelacroix")
        assert ("nvandenbrouckelacroix has 21 characters" in done.stderr) is is_reported
