"""Directories in which a simpler setup would do harm: without any rule, with indices that are half there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ldap
import pytest
from pydantic import SecretStr

from gateway.account.errors import DirectoryMisconfigured
from gateway.setup import (
    ApplyFailed,
    Options,
    Subject,
    apply,
    difference,
    look_at_people,
    open_access,
    survey,
    survey_and_plan,
    undo,
)
from gateway.setup.access import Access, Login
from gateway.setup.records import add_entry
from gateway.setup.writing import hash_stored_passwords, write
from tests.support.debian_slapd import DebianSlapd
from tests.support.plain_slapd import PASSWORD
from tests.support.setup_answers import CLASS_FOR, PASSWORDS, administrator, answers, planned, set_up
from tests.support.slapd_server import QUICK_HASH, LdapConnection
from tests.support.supann_slapd import SupannSlapd

FRONTEND_RULES = ("olcAccess: {0}to *", "olcAccess: {1}to dn.exact", "olcAccess: {2}to dn.base")


class WithoutRules(DebianSlapd):
    """slapd allows everybody to read everything, until there is a rule."""

    def configuration(self) -> str:
        text = super().configuration().partition("# The userPassword by default")[0]
        return "\n".join(line for line in text.splitlines() if not line.startswith(FRONTEND_RULES)) + "\n"


class RootMayEverything(DebianSlapd):
    """The local root user may write entries too, so that setup needs no password."""

    def configuration(self) -> str:
        own = "to * by dn.exact=gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth manage by * break"
        return (
            super()
            .configuration()
            .replace("olcAccess: to attrs=userPassword\n", f"olcAccess: {own}\nolcAccess: to attrs=userPassword\n")
        )


OWN_SCHEMA = """\
dn: cn=academie,cn=schema,cn=config
objectClass: olcSchemaConfig
cn: academie
olcAttributeTypes: ( 2.25.2.1 NAME 'birthDate' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
"""
Started = Callable[[type[DebianSlapd]], DebianSlapd]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    servers: list[DebianSlapd] = []

    def start(kind: type[DebianSlapd]) -> DebianSlapd:
        servers.append(kind(tmp_path / "slapd"))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def seen(server: DebianSlapd) -> set[str]:
    with LdapConnection(server.url) as connection:
        [(_, found)] = connection.search_s(server.dn("fdurand"), ldap.SCOPE_BASE)
    return set(found)


class TestWithoutRules:
    def test_everybody_may_what_they_could_and_no_hash_is_shown(self, started, tmp_path):
        server = started(WithoutRules)
        assert "userPassword" in seen(server)
        set_up(server, answers(server), tmp_path / "undo")
        assert server.binds(server.dn("fdurand"), PASSWORD)
        assert {"sn", "mail"} <= seen(server)
        assert "userPassword" not in seen(server)
        assert planned(server, answers(server)).is_empty

    def test_undo_locks_nobody_out(self, started, tmp_path):
        server = started(WithoutRules)
        set_up(server, answers(server), tmp_path / "undo")
        with administrator(server) as access:
            undo(tmp_path / "undo", access)
        server.restart()
        assert server.binds(server.dn("fdurand"), PASSWORD)
        assert "sn" in seen(server)


class TestRootMayEverything:
    def test_setup_needs_no_password(self, started, tmp_path):
        server = started(RootMayEverything)
        with open_access(server.ldapi_url) as access:
            _, plan = survey_and_plan(answers(server), access, Options(argon2=QUICK_HASH, class_for=CLASS_FOR))
            apply(plan, access, tmp_path / "undo", PASSWORDS)
            assert survey_and_plan(answers(server), access, Options(class_for=CLASS_FOR))[1].is_empty


VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "monitor": {"directory": {"monitor": True}},
    "initial passwords": {"reset": {"mode": "initial", "initial_policy": "cn=initial,ou=policies,dc=ac-mine,dc=fr"}},
    "NT4 workstations": {"workstation": {"targets": {"nt": {"type": "samba_nt", "posix": True}}}},
    "private mail and phone": {"people": {"private_mail": "privateMail", "phone": "mobile"}},
    "no workstation": {"workstation": {"targets": {}}},
    "no protected group": {"people": {"protected_groups": []}},
    "a policy of its own name": {"directory": {"default_policy": "cn=agents,ou=regles,dc=ac-mine,dc=fr"}},
    "accounts elsewhere": {
        "directory": {
            "bind_dn": "cn=web,ou=mamia,ou=applis,dc=ac-mine,dc=fr",
            "decoy_dn": "cn=personne,ou=mamia,ou=applis,dc=ac-mine,dc=fr",
        }
    },
}


class TestSettings:
    @pytest.mark.parametrize("sections", VARIANTS.values(), ids=VARIANTS)
    def test_a_second_run_changes_nothing_and_undo_leaves_no_account(self, started, tmp_path, sections):
        server = started(DebianSlapd)
        base = answers(server).model_dump(exclude_unset=True, mode="python")
        changed = {name: {**base.get(name, {}), **values} for name, values in sections.items()}
        settings = answers(server, **changed)
        set_up(server, settings, tmp_path / "undo")
        assert difference(planned(server, settings)) == "Nothing is missing in the directory.\n"
        assert server.binds(settings.directory.bind_dn, PASSWORDS["gateway"].get_secret_value())
        server.restart()
        with administrator(server) as access:
            undo(tmp_path / "undo", access)
        server.restart()
        assert server.read(settings.directory.bind_dn) == {}
        assert server.binds(server.dn("fdurand"), PASSWORD)


class TestOwnAttributes:
    def test_an_attribute_that_the_directory_has_by_our_name_is_used(self, started, tmp_path):
        server = started(DebianSlapd)
        server.load_configuration(OWN_SCHEMA)
        plan = planned(server, answers(server))
        assert any("birthdate" in note for note in plan.notes)
        set_up(server, answers(server), tmp_path / "undo")
        assert server.read(f"cn=decoy,ou=services,{server.suffix}")["birthDate"] == ["00000000"]
        assert planned(server, answers(server)).is_empty

    def test_a_rule_of_the_academy_on_an_attribute_of_ours_stays(self, started, tmp_path):
        server = started(DebianSlapd)
        set_up(server, answers(server), tmp_path / "undo")
        own = 'to attrs=mamiaSyncState by dn.exact="cn=support,dc=ac-mine,dc=fr" read by * break'
        server.modify_configuration(server.database, (ldap.MOD_ADD, "olcAccess", ["{0}" + own]))
        assert planned(server, answers(server)).is_empty
        with administrator(server) as access:
            undo(tmp_path / "undo", access)
        assert "{0}" + own in server.read_configuration(server.database)["olcAccess"]


class TestPasswords:
    def test_an_account_that_exists_gets_the_given_one_on_demand(self, started, tmp_path):
        server = started(DebianSlapd)
        set_up(server, answers(server), tmp_path / "undo")
        gateway = f"cn=gateway,ou=services,{server.suffix}"
        new = {"gateway": SecretStr("Another-Passe-2024")}
        with administrator(server) as access:
            _, plan = survey_and_plan(answers(server), access, Options(new_passwords=frozenset(new)))
            assert plan.passwords == ("gateway",)
            apply(plan, access, tmp_path / "undo", new)
        assert server.binds(gateway, "Another-Passe-2024")
        assert server.read(gateway)["userPassword"][0].startswith("{ARGON2}")

    def test_what_slapd_stored_as_it_came_is_hashed(self, started):
        server = started(DebianSlapd)
        dn = f"cn=x,{server.suffix}"
        record = add_entry(
            dn, objectClass=("organizationalRole", "simpleSecurityObject"), cn="x", userPassword="Secret-2024"
        )
        with administrator(server) as access:
            write(access.data, record)
            assert server.read(dn)["userPassword"] == ["Secret-2024"]
            hash_stored_passwords(access.data, record)
        assert server.read(dn)["userPassword"][0].startswith("{SSHA}")
        assert server.binds(dn, "Secret-2024")


class TestIndices:
    def test_missing_kinds_are_added_and_nothing_else_changes(self, started, tmp_path):
        server = started(DebianSlapd)
        server.modify_configuration(
            server.database, (ldap.MOD_ADD, "olcDbIndex", ["sn,givenName,title sub", "mail pres,eq,sub"])
        )
        before = server.read_configuration(server.database)["olcDbIndex"]
        set_up(server, answers(server), tmp_path / "undo")
        lines = server.read_configuration(server.database)["olcDbIndex"]
        assert {"sn eq,sub", "givenName eq,sub", "title sub", "mail pres,eq,sub"} <= set(lines)
        assert planned(server, answers(server)).is_empty
        with administrator(server) as access:
            undo(tmp_path / "undo", access)
        assert sorted(server.read_configuration(server.database)["olcDbIndex"]) == sorted(before)


class TestRefused:
    def test_without_an_undo_folder_nothing_is_changed(self, started, tmp_path):
        server = started(DebianSlapd)
        (tmp_path / "file").write_text("")
        with administrator(server) as access:
            _, plan = survey_and_plan(answers(server), access, Options(argon2=QUICK_HASH))
            with pytest.raises(ApplyFailed, match="cannot be written"):
                apply(plan, access, tmp_path / "file" / "undo", PASSWORDS)
        assert len(planned(server, answers(server)).changes) == len(plan.changes)

    def test_rules_that_were_changed_since_the_plan_are_not_overwritten(self, started, tmp_path):
        server = started(DebianSlapd)
        own = "to attrs=mail by users read by * none"
        with administrator(server) as access:
            _, plan = survey_and_plan(answers(server), access, Options(argon2=QUICK_HASH))
            server.modify_configuration(server.database, (ldap.MOD_ADD, "olcAccess", ["{0}" + own]))
            with pytest.raises(ApplyFailed, match="olcAccess was changed since"):
                apply(plan, access, tmp_path / "undo", PASSWORDS)
        set_up(server, answers(server), tmp_path / "undo")
        assert any(rule.endswith(own) for rule in server.read_configuration(server.database)["olcAccess"])

    def test_it_says_which_change_and_why_and_what_was_done(self, started, tmp_path):
        server = started(DebianSlapd)
        with administrator(server) as access:
            _, plan = survey_and_plan(answers(server), access, Options(argon2=QUICK_HASH))
            server.modify_configuration(server.database, (ldap.MOD_REPLACE, "olcReadOnly", ["TRUE"]))
            with pytest.raises(ApplyFailed) as failed:
                apply(plan, access, tmp_path / "undo", PASSWORDS)
        assert failed.value.change is not None
        assert failed.value.change.subject is Subject.ENTRIES
        assert "operation restricted" in failed.value.reason
        assert f"{len(failed.value.done)} changes before it are done" in failed.value.reason
        server.modify_configuration(server.database, (ldap.MOD_DELETE, "olcReadOnly", None))
        set_up(server, answers(server), tmp_path / "undo")
        assert planned(server, answers(server)).is_empty

    def test_a_suffix_that_is_not_there_is_a_problem_with_the_suffixes_that_are(self, started):
        server = started(DebianSlapd)
        plan = planned(server, answers(server, people={"base": "ou=people,dc=elsewhere,dc=fr"}))
        assert [server.suffix in problem for problem in plan.problems] == [True]


class TestSurvey:
    def test_without_a_right_to_cn_config_it_names_both_reasons(self, started):
        server = started(DebianSlapd)
        login = Login(server.dn("fdurand"), SecretStr(PASSWORD))
        with (
            open_access(server.url, config_login=login) as access,
            pytest.raises(DirectoryMisconfigured, match=r"may not read cn=config; a slapd with a file slapd.conf"),
        ):
            survey(access)

    def test_it_says_how_people_look(self, tmp_path):
        server = SupannSlapd(tmp_path / "slapd")
        try:
            with administrator(server) as access:
                look = look_at_people(access.data, [server.suffix])
                found = survey(access)
        finally:
            server.stop()
        assert look.count == 3
        assert list(look.parents) == [server.people]
        assert look.login_attributes[:2] == ("uid", "supannaliaslogin")
        assert ("(eduPersonAffiliation=staff)", 2) in look.filters
        assert found.suffixes == (server.suffix,)
        assert found.database_of(server.people) is not None
        assert [one.dn.partition(",")[0] for one in found.policies] == ["cn=standard"]

    def test_of_two_connections_it_takes_one_each(self, started):
        server = started(DebianSlapd)
        with administrator(server) as access:
            assert isinstance(access, Access)
            assert access.data_dn == server.admin_dn
            assert survey(access).writable == {server.suffix}
