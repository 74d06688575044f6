"""Least privilege, rule by rule: what the gateway's and the worker's accounts can do, and all that they can't."""

from __future__ import annotations

import ldap
import pytest
from directory_server import BIRTH_DATE, NUMEN, PASSWORD, PEOPLE, POLICIES, SUFFIX

SECRETS = ["userPassword", "numen", "temporaryAgentNumber", "birthDate", "mamiaPendingSecret"]
DECOY = f"cn=decoy,ou=services,{SUFFIX}"


@pytest.fixture
def durand(directory):
    """A DN with a value in every attribute that a rule is about."""
    directory.add_person(
        "fdurand4", temporaryAgentNumber="T0012345", mamiaPendingSecret="sealed", mamiaSyncState="pending"
    )
    return directory.dn("fdurand4")


def read(line, dn, *attributes):
    """The attributes that come back, by name."""
    try:
        found = line.search_s(dn, ldap.SCOPE_BASE, attrlist=[*attributes])
    except ldap.NO_SUCH_OBJECT:
        return {}
    return {name: values for _, entry in found for name, values in entry.items()}


def search(line, filter_):
    return [dn for dn, _ in line.search_s(PEOPLE, ldap.SCOPE_SUBTREE, filter_, ["1.1"])]


def test_gateway_when_it_reads_an_entry_then_no_secret_comes_back(directory, durand):
    with directory.as_service("gateway") as line:
        seen = read(line, durand, "*", "+")

    assert {"uid", "sn", "givenName", "mail", "entryUUID"} <= set(seen)
    assert not set(SECRETS) & set(seen)


@pytest.mark.parametrize(
    "attribute, value", [("numen", NUMEN), ("temporaryAgentNumber", "T0012345"), ("birthDate", BIRTH_DATE)]
)
def test_gateway_when_it_compares_a_proof_then_it_learns_yes_or_no(directory, durand, attribute, value):
    with directory.as_service("gateway") as line:
        assert line.compare_s(durand, attribute, value.encode())
        assert not line.compare_s(durand, attribute, b"00000000")


@pytest.mark.parametrize(
    "filter_", [f"(numen={NUMEN})", "(numen=*)", "(temporaryAgentNumber=T0012345)", "(userPassword=*)"]
)
def test_gateway_when_it_searches_by_a_secret_then_it_finds_nobody(directory, durand, filter_):
    with directory.as_service("gateway") as line:
        assert search(line, filter_) == []


def test_gateway_when_it_searches_by_birth_date_then_it_finds_without_reading_it(directory, durand):
    with directory.as_service("gateway") as line:
        assert search(line, f"(birthDate={BIRTH_DATE})") == [durand]
        assert read(line, durand, "birthDate") == {}


def test_gateway_when_it_compares_a_password_then_it_is_refused(directory, durand):
    with directory.as_service("gateway") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
        line.compare_s(durand, "userPassword", PASSWORD.encode())


@pytest.mark.parametrize(
    "attribute, value",
    [
        ("userPassword", b"Nouveau-2025"),
        ("mamiaPendingSecret", b"sealed anew"),
        ("mamiaSyncState", b"pending;20260101"),
        ("pwdReset", b"TRUE"),
    ],
)
def test_gateway_when_it_writes_what_a_change_needs_then_it_may(directory, durand, attribute, value):
    with directory.as_service("gateway") as line:
        line.modify_s(durand, [(ldap.MOD_REPLACE, attribute, [value])])


@pytest.mark.parametrize(
    "attribute, value",
    [
        ("uid", b"other"),
        ("sn", b"Other"),
        ("mail", b"thief@example.org"),
        ("birthDate", b"20000101"),
        ("numen", b"00A0000000AAA"),
        ("departmentNumber", b"rectorat"),
        ("objectClass", b"extensibleObject"),
        ("pwdAccountLockedTime", b"000001010000Z"),
        ("description", b"hello"),
    ],
)
def test_gateway_when_it_writes_anything_else_then_it_may_not(directory, durand, attribute, value):
    with directory.as_service("gateway") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
        line.modify_s(durand, [(ldap.MOD_REPLACE, attribute, [value])])


def test_gateway_when_it_lends_the_initial_policy_then_it_may_and_no_other(directory, durand):
    with directory.as_service("gateway") as line:
        line.modify_s(durand, [(ldap.MOD_ADD, "pwdPolicySubentry", [f"cn=initial,{POLICIES}".encode()])])
        line.modify_s(durand, [(ldap.MOD_DELETE, "pwdPolicySubentry", [f"cn=initial,{POLICIES}".encode()])])
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(durand, [(ldap.MOD_ADD, "pwdPolicySubentry", [f"cn=services,{POLICIES}".encode()])])


def test_gateway_when_it_adds_or_deletes_or_renames_people_then_it_may_not(directory, durand):
    with directory.as_service("gateway") as line:
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.delete_s(durand)
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.rename_s(durand, "uid=other")
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.add_s(directory.dn("new"), [("objectClass", [b"account"]), ("uid", [b"new"])])


def test_gateway_when_it_looks_at_services_and_policies_then_it_sees_nothing(directory, durand):
    with directory.as_service("gateway") as line:
        for elsewhere in (SUFFIX, POLICIES, f"ou=services,{SUFFIX}"):
            with pytest.raises(ldap.NO_SUCH_OBJECT):
                line.search_s(elsewhere, ldap.SCOPE_SUBTREE)


@pytest.mark.parametrize("service", ["gateway", "sync"])
def test_service_when_it_writes_a_service_account_then_it_may_not(directory, service):
    for target in ("gateway", "sync", "decoy"):
        with directory.as_service(service) as line, pytest.raises(ldap.LDAPError):
            line.modify_s(f"cn={target},ou=services,{SUFFIX}", [(ldap.MOD_REPLACE, "userPassword", [b"mine"])])


def test_gateway_when_it_compares_on_the_decoy_then_the_answer_is_no_and_not_a_refusal(directory):
    with directory.as_service("gateway") as line:
        for attribute in ("numen", "temporaryAgentNumber", "birthDate"):
            assert not line.compare_s(DECOY, attribute, b"19850327")


def test_sync_when_it_works_then_it_reads_and_writes_the_outbox_and_nothing_else(directory, durand):
    with directory.as_service("sync") as line:
        seen = read(line, durand, "*", "+")
        line.modify_s(durand, [(ldap.MOD_DELETE, "mamiaPendingSecret", [b"sealed"])])
        line.modify_s(durand, [(ldap.MOD_REPLACE, "mamiaSyncState", [b"done"])])
        for attribute, value in (
            ("userPassword", b"Nouveau-2025"),
            ("mail", b"x@y"),
            ("pwdReset", b"TRUE"),
            ("numen", b"x"),
        ):
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.modify_s(durand, [(ldap.MOD_REPLACE, attribute, [value])])

    assert set(seen) == {"objectClass", "uid", "entryUUID", "mamiaPendingSecret", "mamiaSyncState"}


def test_sync_when_it_searches_pending_entries_then_it_finds_them(directory, durand):
    with directory.as_service("sync") as line:
        assert search(line, "(mamiaPendingSecret=*)") == [durand]


def test_stranger_when_not_bound_then_nothing_is_seen(directory, durand):
    with directory.connect() as line:
        line.simple_bind_s()
        with pytest.raises(ldap.NO_SUCH_OBJECT):
            search(line, "(objectClass=*)")


def test_person_when_bound_then_the_annuaires_own_rules_still_hold(directory, durand):
    directory.add_person("other")
    with directory.as_person("fdurand4") as line:
        seen = read(line, durand, "*")
        line.modify_s(durand, [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2025"])])
        assert read(line, directory.dn("other"), "*") == {}

    assert "mail" in seen
    assert not set(SECRETS) & set(seen)
    assert directory.binds("fdurand4", "Nouveau-2025")


@pytest.fixture
def foreign_accounts(directory):
    """A replica's account and another application's, below ou=services as ours are."""
    rules = (
        "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nadd: olcAccess\n"
        'olcAccess: {14}to * by dn.exact="cn=replicator,ou=services,dc=ac-example,dc=fr" read\n'
        '  by dn.exact="cn=nextcloud,ou=services,dc=ac-example,dc=fr" read by * break\n'
    )
    directory.load(rules, as_config=True)
    for name in ("replicator", "nextcloud"):
        directory.load(
            f"dn: cn={name},ou=services,{SUFFIX}\nobjectClass: organizationalRole\n"
            f"objectClass: simpleSecurityObject\ncn: {name}\nuserPassword: Service-2026\n"
        )
    yield
    directory.load(
        "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\ndelete: olcAccess\nolcAccess: {14}\n", as_config=True
    )
    with directory.as_admin() as line:
        for name in ("replicator", "nextcloud"):
            line.delete_s(f"cn={name},ou=services,{SUFFIX}")


def test_replica_when_it_reads_then_our_rules_hide_nothing_from_it(directory, durand, foreign_accounts):
    with directory.connect() as line:
        line.simple_bind_s(f"cn=replicator,ou=services,{SUFFIX}", "Service-2026")
        person = read(line, durand, "*")
        service = read(line, f"cn=gateway,ou=services,{SUFFIX}", "*")

    assert {*SECRETS, "mamiaSyncState"} <= set(person)
    assert "userPassword" in service


def test_other_application_when_it_reads_then_it_sees_people_as_before_and_no_secret_of_ours(
    directory, durand, foreign_accounts
):
    with directory.connect() as line:
        line.simple_bind_s(f"cn=nextcloud,ou=services,{SUFFIX}", "Service-2026")
        seen = read(line, durand, "*")

    assert {"uid", "mail", "sn"} <= set(seen)
    assert not {"numen", "birthDate", "temporaryAgentNumber", "mamiaPendingSecret"} & set(seen)
