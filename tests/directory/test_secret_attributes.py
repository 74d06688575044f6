"""Secrets on Debian's own access rules, whose last one lets anybody read whatever no rule before it names."""

from __future__ import annotations

import ldap
import pytest

from tests.support.academy_access_rules import DEBIANS_RULES, academy_access_rules
from tests.support.slapd_server import PASSWORD, PEOPLE, SUFFIX
from tests.support.upgraded_slapd import NEW_AND_UPGRADED

pytestmark = pytest.mark.parametrize("server", NEW_AND_UPGRADED, indirect=True)

VALUES = {
    "sambaNTPassword": "0123456789ABCDEF0123456789ABCDEF",
    "sambaLMPassword": "0123456789ABCDEF0123456789ABCDEF",
    "sambaPasswordHistory": "0123456789ABCDEF0123456789ABCDEF",
    "pwdReset": "TRUE",
    "temporaryAgentNumber": "T0012345",
    "privateMail": "f.durand@example.org",
    "mamiaPendingSecret": "sealed",
    "mamiaSyncState": "pending",
    "mamiaSyncLease": "a worker",
}
FROM_THE_START = ("userPassword", "numen", "birthDate")
SECRETS = (*VALUES, *FROM_THE_START, "pwdHistory")
READABLE_BY_ONESELF = {"pwdReset", "privateMail", "mamiaSyncState", "userPassword"}
"""Of these, Debian's rules let people read their own userPassword."""
CLASSES = ["inetOrgPerson", "posixAccount", "mamiaPerson", "sambaSamAccount"]
UNIX = {"uidNumber": "1000", "gidNumber": "1000", "homeDirectory": "/", "sambaSID": "S-1-5-21-1-1000"}


@pytest.fixture
def debian(directory):
    """A directory on Debian's rules, with two people; `victim` has a value in every secret attribute."""
    directory.add_person("attacker")
    directory.add_person("victim", objectClass=CLASSES, **UNIX, **VALUES)
    directory.set("victim", "userPassword", "Nouveau-2025")
    directory.set("victim", "pwdReset", "TRUE")
    assert set(SECRETS) <= set(directory.read("victim"))
    with academy_access_rules(directory, *DEBIANS_RULES):
        yield directory


@pytest.fixture(params=["in its place", "moved out of ou=people"])
def victim(debian, request):
    """The DN."""
    if request.param == "in its place":
        yield debian.dn("victim")
        return
    with debian.as_admin() as line:
        line.rename_s(debian.dn("victim"), "uid=victim", newsuperior=SUFFIX)
    yield f"uid=victim,{SUFFIX}"
    with debian.as_admin() as line:
        line.delete_s(f"uid=victim,{SUFFIX}")


class TestSecrets:
    @pytest.mark.parametrize("reader", ["anonymous", "another person", "gateway", "sync"])
    def test_when_debians_rules_let_anybody_read_then_none_is_seen(self, debian, victim, reader):
        with debian.connect() as line:
            match reader:
                case "another person":
                    line.simple_bind_s(debian.dn("attacker"), PASSWORD)
                case "gateway" | "sync":
                    line.simple_bind_s(f"cn={reader},ou=services,{SUFFIX}", debian.slapd.password(reader))
            seen = (
                set(line.search_s(victim, ldap.SCOPE_BASE, attrlist=["*", "+"])[0][1])
                if can_see(line, victim)
                else set()
            )

        allowed = {
            "gateway": {"pwdReset", "privateMail", "mamiaSyncState"},
            "sync": {"mamiaPendingSecret", "mamiaSyncState", "mamiaSyncLease"},
        }
        in_place = victim.endswith(PEOPLE)
        assert seen & set(SECRETS) <= (allowed.get(reader, set()) if in_place else set())

    @pytest.mark.parametrize("attribute", SECRETS)
    @pytest.mark.parametrize("reader", ["anonymous", "another person"])
    def test_when_somebody_searches_by_them_then_nobody_is_found(self, debian, victim, reader, attribute):
        with debian.connect() as line:
            if reader == "another person":
                line.simple_bind_s(debian.dn("attacker"), PASSWORD)
            # The attacker finds the attacker's own entry by what people may read of themselves.
            found = {dn for dn, _ in line.search_s(SUFFIX, ldap.SCOPE_SUBTREE, f"({attribute}=*)", ["1.1"])}

        assert victim not in found

    def test_when_people_read_their_own_entry_then_no_hash_of_the_workstation_is_seen(self, debian):
        with debian.as_person("victim", "Nouveau-2025") as line:
            line.passwd_s(debian.dn("victim"), "Nouveau-2025", "Encore-Nouveau-2025")
        with debian.as_person("victim", "Encore-Nouveau-2025") as line:
            [(_, seen)] = line.search_s(debian.dn("victim"), ldap.SCOPE_BASE, attrlist=["*", "+"])

        assert set(seen) & set(SECRETS) <= READABLE_BY_ONESELF


def can_see(line, dn):
    try:
        return bool(line.search_s(dn, ldap.SCOPE_BASE, attrlist=["1.1"]))
    except ldap.NO_SUCH_OBJECT:
        return False
