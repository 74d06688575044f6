"""Names that slapd accepts and few academies have: commas, quotes, accents, capitals, blanks in DNs and filters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ldap
import pytest

from gateway.demo.private_slapd import _ssha
from gateway.ldap import first_value, is_below, normal_dn
from gateway.setup import undo
from gateway.setup.clauses import quoted
from gateway.setup.layout import any_of, parent_of
from gateway.setup.other_accounts import find_writers
from gateway.setup.survey import survey
from tests.support.debian_slapd import DebianSlapd
from tests.support.plain_slapd import PASSWORD
from tests.support.setup_answers import CLASS_FOR, PASSWORDS, administrator, answers, planned, set_up

Started = Callable[..., DebianSlapd]


class Named(DebianSlapd):
    """Three people, below entries that exist down to `people`."""

    def fill(self) -> None:
        chain: list[str] = []
        dn = self.people
        while normal_dn(dn) != normal_dn(self.suffix):
            chain.insert(0, dn)
            dn = parent_of(dn)
        kind = "organization" if self.suffix.startswith("o=") else "dcObject organization"
        value = first_value(self.suffix)
        self.add(self.suffix, objectClass=kind.split(), o=value, **({} if kind == "organization" else {"dc": value}))
        for one in chain:
            self.add(one, objectClass="organizationalUnit", ou=first_value(one))
        for login in ("fdurand", "smoreau", "nroux"):
            self.add_person(login)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    servers: list[DebianSlapd] = []

    def start(suffix: str = Named.suffix, people: str = "") -> DebianSlapd:
        names = {"suffix": suffix, "people": people or f"ou=people,{suffix}"}
        servers.append(type("OneNamed", (Named,), names)(tmp_path / "slapd"))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def serves(server: DebianSlapd, gateway: str) -> bool:
    """Whether the gateway's account finds people and sets a password."""
    with server.as_account(gateway, PASSWORDS["gateway"].get_secret_value()) as connection:
        found = connection.search_s(server.people, ldap.SCOPE_SUBTREE, "(uid=fdurand)", ["sn"])
        new = [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2031!x"])]
        connection.modify_s(server.dn("fdurand"), new)
    return [sorted(values) for _, values in found] == [["sn"]]


DIRECTORIES = {
    "commas": ("o=Lyon\\, Rhone,c=FR", "ou=Écoles (69),o=Lyon\\, Rhone,c=FR"),
    "blanks": ("dc=ac-mine, dc=fr", "ou=Gens de l'ac, dc=ac-mine, dc=fr"),
    "capitals": ("DC=AC-Mine,DC=FR", "OU=People,DC=AC-Mine,DC=FR"),
    "several levels": ("dc=ac-mine,dc=fr", "ou=p,ou=q,ou=r,dc=ac-mine,dc=fr"),
    "people at the suffix": ("dc=ac-mine,dc=fr", "dc=ac-mine,dc=fr"),
}
SUFFIX = Named.suffix
GROUP = f'cn=adm \\"x\\" (y)\\, z,ou=groups,{SUFFIX}'
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "accounts below a comma and an accent": {
        "directory": {
            "bind_dn": f"cn=gateway,ou=Services\\, Écoles,{SUFFIX}",
            "decoy_dn": f"cn=decoy,ou=Services\\, Écoles,{SUFFIX}",
        }
    },
    "accounts with brackets": {
        "directory": {
            "bind_dn": f"cn=gateway.web (1),ou=Services [web],{SUFFIX}",
            "decoy_dn": f"cn=decoy,ou=Services [web],{SUFFIX}",
        }
    },
    "accounts named by uid, capitals": {
        "directory": {"bind_dn": f"uid=gateway,ou=Services,{SUFFIX}", "decoy_dn": f"uid=decoy,OU=services,{SUFFIX}"}
    },
    "quotes in filters": {
        "people": {
            "filter": '(&(objectClass=inetOrgPerson)(!(cn="x"))(!(cn=\\28a\\2ab\\29)))',
            "protected_filter": '(|(title=directeur "adjoint")(title=a\\29b))',
        }
    },
    "a group with quotes": {"people": {"protected_groups": [GROUP]}},
}


class TestDirectories:
    @pytest.mark.parametrize(("suffix", "people"), DIRECTORIES.values(), ids=DIRECTORIES)
    def test_it_is_set_up_and_undone(self, started, tmp_path, suffix, people):
        server = started(suffix, people)
        before = server.read_configuration(server.database)["olcAccess"]
        settings = answers(server)
        set_up(server, settings, tmp_path / "undo", class_for=CLASS_FOR)
        assert planned(server, settings, class_for=CLASS_FOR).is_empty
        server.restart()
        assert serves(server, settings.directory.bind_dn)
        with administrator(server) as access:
            undo(tmp_path / "undo", access, remove_people_data=True)
        server.restart()
        assert server.binds(server.dn("fdurand"), "Nouveau-2031!x")
        rules = server.read_configuration(server.database)["olcAccess"]
        assert [rule for rule in rules if "cn=gateway" in rule] == []
        assert {rule.partition("}")[2] for rule in before} <= {rule.partition("}")[2] for rule in rules}


class TestSettings:
    @pytest.mark.parametrize("sections", SETTINGS.values(), ids=SETTINGS)
    def test_it_is_set_up_and_undone(self, started, tmp_path, sections):
        server = started()
        settings = answers(server, **sections)
        set_up(server, settings, tmp_path / "undo", class_for=CLASS_FOR)
        assert planned(server, settings, class_for=CLASS_FOR).is_empty
        server.restart()
        assert serves(server, settings.directory.bind_dn)
        with administrator(server) as access:
            undo(tmp_path / "undo", access, remove_people_data=True)
        assert server.read(settings.directory.bind_dn) == {}

    def test_a_protected_person_of_a_group_with_quotes_is_left_alone(self, started, tmp_path):
        server = started()
        server.add(f"ou=groups,{SUFFIX}", objectClass="organizationalUnit", ou="groups")
        server.add(GROUP, objectClass="groupOfNames", cn='adm "x" (y), z', member=server.dn("fdurand"))
        settings = answers(server, people={"protected_groups": [GROUP]})
        set_up(server, settings, tmp_path / "undo", class_for=CLASS_FOR)
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            serves(server, settings.directory.bind_dn)

    def test_an_account_that_setup_cannot_make_is_a_problem_and_nothing_is_written(self, started):
        server = started()
        plan = planned(server, answers(server, directory={"bind_dn": f"ou=gateway,{SUFFIX}"}))
        assert [one for one in plan.problems if f"ou=gateway,{SUFFIX} does not exist" in one]


class TestOtherPrograms:
    def test_a_writer_whose_dn_has_no_quotes_in_the_rule_is_found(self, started):
        server = started()
        server.add(
            f"cn=portail,{SUFFIX}",
            objectClass=["organizationalRole", "simpleSecurityObject"],
            cn="portail",
            userPassword=_ssha(PASSWORD),
        )
        rule = f"{{0}}to attrs=mail by dn.exact=cn=portail,{SUFFIX} write by * break"
        server.modify_configuration(server.database, (ldap.MOD_ADD, "olcAccess", [rule]))
        with administrator(server) as access:
            database = survey(access, looks=False).database_of(server.people)
        assert database is not None
        assert find_writers(database, []) == [f"cn=portail,{SUFFIX}"]


class TestForms:
    @pytest.mark.parametrize(
        ("dn", "normal"),
        [
            ("OU=Lyon\\, Rhône , dc=FR", "ou=lyon\\2C rhône,dc=fr"),
            ("ou=É  b,dc=fr", "ou=é b,dc=fr"),
            ('cn=a\\"b\\+c,dc=fr', "cn=a\\22b\\2Bc,dc=fr"),
            ("cn=\\#a\\C3\\A9,dc=fr", "cn=\\23aé,dc=fr"),
            ("CN=a + OU=b,dc=fr", "cn=a+ou=b,dc=fr"),
        ],
    )
    def test_a_dn_as_slapd_compares_it(self, dn, normal):
        assert normal_dn(dn) == normal

    def test_forms_of_escapes_make_no_difference(self):
        assert is_below("uid=x,ou=Lyon\\2C Rhône,dc=fr", "OU=lyon\\, rhône, dc=FR")
        assert not is_below("uid=x,ou=Lyon\\, dc=fr", "dc=fr")

    def test_a_regular_expression_is_for_the_compared_form(self):
        assert any_of(["cn=A.b,ou=É\\, x"]) == "^(cn=a\\.b),ou=é\\\\2C x$"

    def test_a_quote_is_written_as_slapd_reads_it(self):
        assert quoted('(cn="a")') == '"(cn=\\22a\\22)"'
        assert quoted('cn=\\"a,dc=fr') == '"cn=\\22a,dc=fr"'
