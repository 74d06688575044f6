"""Members of cn=protected,ou=groups: whoever has the gateway's account can't set their passwords."""

from __future__ import annotations

import ldap
import pytest

from tests.support.slapd_server import PASSWORD, POLICIES, SUFFIX
from tests.support.upgraded_slapd import NEW_AND_UPGRADED

pytestmark = pytest.mark.parametrize("server", NEW_AND_UPGRADED, indirect=True)

GROUPS = f"ou=groups,{SUFFIX}"
PROTECTED = f"cn=protected,{GROUPS}"
WRITES = [
    (ldap.MOD_REPLACE, "userPassword", b"Nouveau-2025"),
    (ldap.MOD_ADD, "mamiaPendingSecret", b"sealed"),
    (ldap.MOD_ADD, "mamiaSyncState", b"pending"),
    (ldap.MOD_REPLACE, "pwdReset", b"TRUE"),
    (ldap.MOD_ADD, "pwdPolicySubentry", f"cn=initial,{POLICIES}".encode()),
    (ldap.MOD_REPLACE, "sambaNTPassword", b"0" * 32),
    (ldap.MOD_REPLACE, "sambaPwdLastSet", b"1"),
]
NAMES = [attribute for _, attribute, _ in WRITES]


@pytest.fixture(params=["member", "member of a group within", "member of a group within a group within"])
def administrator(directory, request):
    """The DN of somebody whom the group names, itself or through other groups."""
    dn = directory.dn(directory.add_person("root"))
    depth = ["member", "member of a group within", "member of a group within a group within"].index(request.param)
    member, groups = dn, []
    for number in range(depth):
        group = f"cn=inner{number},{GROUPS}"
        directory.load(f"dn: {group}\nobjectClass: groupOfNames\ncn: inner{number}\nmember: {member}\n")
        groups.append(group)
        member = group
    with directory.as_admin() as line:
        line.modify_s(PROTECTED, [(ldap.MOD_ADD, "member", [member.encode()])])
    yield dn
    with directory.as_admin() as line:
        line.modify_s(PROTECTED, [(ldap.MOD_DELETE, "member", [member.encode()])])
        for group in groups:
            line.delete_s(group)


class TestGateway:
    @pytest.mark.parametrize("write", WRITES, ids=NAMES)
    def test_when_a_person_is_protected_then_it_may_not_write(self, directory, administrator, write):
        with directory.as_service("gateway") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(administrator, [(*write[:2], [write[2]])])

    def test_when_somebody_else_is_protected_then_it_may_write(self, directory, administrator):
        dn = directory.dn(directory.add_person("fdurand4"))

        with directory.as_service("gateway") as line:
            line.modify_s(dn, [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2025"])])

        assert directory.binds("fdurand4", "Nouveau-2025")

    def test_when_a_person_is_protected_then_the_person_may_still_change_the_password(self, directory, administrator):
        with directory.as_person("root", PASSWORD) as line:
            line.modify_s(administrator, [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2025"])])

        assert directory.binds("root", "Nouveau-2025")


class TestService:
    @pytest.mark.parametrize("service", ["gateway", "sync"])
    def test_when_a_person_is_protected_then_it_can_not_take_the_person_out(self, directory, administrator, service):
        with directory.as_service(service) as line:
            for change in ((ldap.MOD_DELETE, "member", None), (ldap.MOD_DELETE, "member", [administrator.encode()])):
                with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                    line.modify_s(PROTECTED, [change])
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.rename_s(PROTECTED, "cn=other")
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.delete_s(PROTECTED)

    @pytest.mark.parametrize("service", ["gateway", "sync"])
    @pytest.mark.parametrize("kind", ["groupOfNames", "groupOfUniqueNames", "posixGroup"])
    def test_when_it_asks_whether_somebody_is_in_a_group_then_it_learns_that_and_no_list(
        self, directory, service, kind
    ):
        dn = directory.dn(directory.add_person("fdurand4"))
        attribute, value, more = {
            "groupOfNames": ("member", dn, ""),
            "groupOfUniqueNames": ("uniqueMember", dn, ""),
            "posixGroup": ("memberUid", "fdurand4", "gidNumber: 5000\n"),
        }[kind]
        group = f"cn=asked,{GROUPS}"
        directory.load(f"dn: {group}\nobjectClass: {kind}\ncn: asked\n{attribute}: {value}\n{more}")
        try:
            with directory.as_service(service) as line:
                assert line.compare_s(group, attribute, value.encode())
                assert line.compare_s(group, "objectClass", kind.encode())
                shown = line.search_s(group, ldap.SCOPE_BASE, attrlist=["*"])
                assert {name for _, entry in shown for name in entry} <= {"objectClass"}
                assert line.search_s(GROUPS, ldap.SCOPE_SUBTREE, f"({attribute}={value})", ["1.1"]) == []
                with pytest.raises(ldap.NO_SUCH_OBJECT):
                    line.compare_s(f"cn=missing,{GROUPS}", attribute, value.encode())
        finally:
            with directory.as_admin() as line:
                line.delete_s(group)
