"""What `mamia check` says of protected people: whom the settings name, and whether the directory protects them."""

from __future__ import annotations

from contextlib import contextmanager

import ldap
import pytest

from gateway.checks.finding import Level
from gateway.checks.outbox import check_outbox
from gateway.checks.protected import check_protected
from gateway.protection.seal import make_key_pair
from tests.support.gateway_settings import settings_for
from tests.support.slapd_server import PEOPLE, SUFFIX

GROUP = f"cn=protected,ou=groups,{SUFFIX}"
GATEWAY = f"cn=gateway,ou=services,{SUFFIX}: protected people"
RULE = "protected people: the directory's own rule"
DATABASE = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"


@pytest.fixture
def chief(directory):
    """Somebody whom the group of ldif/ names."""
    login = directory.add_person("chief")
    change = "member", [directory.dn(login).encode()]
    with directory.as_admin() as line:
        line.modify_s(GROUP, [(ldap.MOD_ADD, *change)])
    yield login
    with directory.as_admin() as line:
        line.modify_s(GROUP, [(ldap.MOD_DELETE, *change)])


def found(directory, login="", **people):
    findings = check_protected(settings_for(directory, people=people), login)
    return {finding.subject: finding for finding in findings}


def levels(findings):
    return {subject: finding.level for subject, finding in findings.items()}


@contextmanager
def rule(directory, text):
    directory.load(f"{DATABASE}add: olcAccess\nolcAccess: {{0}}{text}\n", as_config=True)
    try:
        yield
    finally:
        directory.load(f"{DATABASE}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)


@pytest.fixture
def outbox_settings(directory, tmp_path):
    """Of a worker to whose target something was sent once."""
    make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
    (tmp_path / "sync").write_text(directory.slapd.password("sync"))
    directory.add_person("fdurand4", departmentNumber="rectorat")
    directory.set("fdurand4", "mamiaSyncState", "domain;done;c1;20260101T000000Z;1;20260101T000000Z;normal;")
    return settings_for(
        directory,
        workstation={
            "targets": {"domain": {"type": "samba_nt"}},
            "public_key_file": tmp_path / "worker.pub",
            "bind_dn": f"cn=sync,ou=services,{SUFFIX}",
            "bind_password_file": tmp_path / "sync",
        },
    )


def rights_of_the_worker(settings):
    [finding] = [finding for finding in check_outbox(settings) if finding.subject == "rights of the worker"]
    return finding


class TestCheck:
    def test_when_nobody_is_protected_then_it_warns(self, directory):
        assert levels(found(directory)) == {"protected people": Level.WARN}

    def test_when_the_group_of_ldif_is_named_then_the_directory_s_own_rule_is_tried(self, directory, chief):
        before = directory.read(chief)

        assert levels(found(directory, chief, protected_groups=[GROUP])) == {GATEWAY: Level.OK, RULE: Level.OK}
        assert directory.read(chief) == before

    def test_when_the_group_s_members_are_not_known_by_name_then_it_says_how_to_try(self, directory, chief):
        findings = found(directory, protected_groups=[GROUP])

        assert levels(findings) == {GATEWAY: Level.OK, "protected people": Level.WARN}
        assert "mamia check --protected LOGIN" in findings["protected people"].hint

    def test_when_the_named_person_is_not_protected_then_it_fails(self, directory, chief):
        directory.add_person("fdurand4")

        findings = found(directory, "fdurand4", protected_groups=[GROUP])

        assert findings["protected people"].level is Level.FAIL
        assert "fdurand4" in findings["protected people"].message

    def test_when_the_directory_would_let_the_gateway_write_then_it_fails_and_changes_nothing(self, directory):
        directory.add_person("chief")
        before = directory.read("chief")

        findings = found(directory, protected_filter="(uid=chief)")

        assert findings[RULE].level is Level.FAIL
        assert "userPassword" in findings[RULE].message
        assert "30-access.ldif" in findings[RULE].hint
        assert directory.read("chief") == before

    def test_when_the_filter_matches_nobody_then_it_warns(self, directory, chief):
        findings = list(check_protected(settings_for(directory, people={"protected_filter": "(uid=nobody)"})))

        assert [finding.level for finding in findings] == [Level.OK, Level.WARN, Level.WARN]
        assert "matches nobody" in findings[1].message

    @pytest.mark.parametrize(
        "people, names",
        [
            pytest.param({"protected_groups": [f"cn=gone,ou=groups,{SUFFIX}"]}, "cn=gone", id="missing group"),
            pytest.param(
                {"protected_filter": f"(memberOf=cn=gone,ou=groups,{SUFFIX})"}, "cn=gone", id="in the filter"
            ),
            pytest.param({"protected_groups": [PEOPLE]}, PEOPLE, id="no group"),
            pytest.param({"protected_filter": "(adminCount=1)"}, "adminCount", id="unknown attribute"),
            pytest.param({"protected_filter": "(description=admin)"}, "description", id="no right to search"),
            pytest.param({"protected_filter": "(uid)"}, "(uid)", id="no filter"),
        ],
    )
    def test_when_it_can_not_be_decided_who_is_protected_then_it_fails_and_names_what_is_wrong(
        self, directory, chief, people, names
    ):
        findings = found(directory, **people)

        assert findings[GATEWAY].level is Level.FAIL
        assert names in findings[GATEWAY].message

    def test_when_the_worker_has_the_rights_of_ldif_then_it_can_tell_whose_password_to_deliver(self, outbox_settings):
        assert rights_of_the_worker(outbox_settings).level is Level.OK

    @pytest.mark.parametrize(
        "attribute, name",
        [("departmentNumber", "workstation.filter"), ("pwdAccountLockedTime", "pwdAccountLockedTime")],
    )
    def test_when_the_worker_lacks_a_right_then_it_fails_and_names_it(
        self, directory, outbox_settings, attribute, name
    ):
        with rule(directory, f'to attrs={attribute} by dn.exact="cn=sync,ou=services,{SUFFIX}" none by * break'):
            finding = rights_of_the_worker(outbox_settings)

        assert finding.level is Level.FAIL
        assert name in finding.message
