"""The helpdesk's own account in the directory: what a thief of its password could do, and could not."""

from __future__ import annotations

import ldap
import pytest

from gateway.demo.private_slapd import SUFFIX
from tests.support.slapd_server import PASSWORD

CLOSED = b"000001010000Z"


@pytest.fixture
def helpdesk(academy):
    """A connection as the helpdesk's account."""
    with academy.as_service("helpdesk") as line:
        yield line


class TestReading:
    @pytest.mark.parametrize(
        "attribute", ["numen", "temporaryAgentNumber", "birthDate", "userPassword", "mamiaPendingSecret"]
    )
    def test_when_it_reads_a_secret_then_it_gets_nothing(self, academy, helpdesk, attribute):
        academy.set("fdurand4", "mamiaPendingSecret", "sealed")

        [(_, entry)] = helpdesk.search_s(academy.dn("fdurand4"), ldap.SCOPE_BASE, attrlist=[attribute])

        assert entry == {}

    @pytest.mark.parametrize("filter_", ["(numen=12E8534567ABC)", "(birthDate=19850327)"])
    def test_when_it_searches_by_a_proof_then_it_finds_nobody(self, academy, helpdesk, filter_):
        assert helpdesk.search_s(academy.dn("fdurand4"), ldap.SCOPE_BASE, filter_, ["1.1"]) == []

    def test_when_it_compares_a_proof_then_it_is_refused(self, academy, helpdesk):
        with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_OBJECT)):
            helpdesk.compare_s(academy.dn("fdurand4"), "numen", b"12E8534567ABC")


class TestWriting:
    def test_when_it_sets_a_password_then_it_is_refused(self, academy, helpdesk):
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            helpdesk.modify_s(academy.dn("fdurand4"), [(ldap.MOD_REPLACE, "userPassword", b"Nouveau-2025")])

        assert academy.binds("fdurand4", PASSWORD)

    def test_when_it_closes_an_account_then_it_is_refused(self, academy, helpdesk):
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            helpdesk.modify_s(academy.dn("fdurand4"), [(ldap.MOD_ADD, "pwdAccountLockedTime", CLOSED)])

        assert academy.binds("fdurand4", PASSWORD)

    def test_when_it_makes_somebody_an_agent_then_it_is_refused(self, academy, helpdesk):
        member = academy.dn("fdurand4").encode()
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            helpdesk.modify_s(f"cn=helpdesk,ou=groups,{SUFFIX}", [(ldap.MOD_ADD, "member", member)])

    @pytest.mark.parametrize("attribute", ["pwdReset", "mamiaSyncState", "mamiaResetCode"])
    def test_when_the_person_is_protected_then_no_change_is_taken(self, academy, helpdesk, attribute):
        group, member = f"cn=protected,ou=groups,{SUFFIX}", academy.dn("fdurand4").encode()
        with academy.as_admin() as line:
            line.modify_s(group, [(ldap.MOD_ADD, "member", member)])
            try:
                with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                    helpdesk.modify_s(academy.dn("fdurand4"), [(ldap.MOD_REPLACE, attribute, b"TRUE")])
            finally:
                line.modify_s(group, [(ldap.MOD_DELETE, "member", member)])

        assert attribute not in academy.read("fdurand4")
