"""What `mamia check` finds at the directory: each thing that can be wrong, made wrong on a real slapd."""

from __future__ import annotations

import pytest

from gateway.checks import indices
from gateway.checks.finding import Level
from gateway.checks.servers import check_servers
from tests.support.gateway_settings import settings_for
from tests.support.secured_slapd import SecuredSlapd
from tests.support.slapd_server import POLICIES, QUICK_HASH, SUFFIX
from tests.support.upgraded_slapd import SlapdBefore

GATEWAY = f"cn=gateway,ou=services,{SUFFIX}"
CONFIG = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A directory that a test may break, with a certificate of two days and somebody in it."""
    academy = SecuredSlapd(tmp_path_factory.mktemp("own"), certificate_days=2)
    academy.add_person("fdurand4")
    yield academy
    academy.slapd.stop()


@pytest.fixture(autouse=True)
def no_search_is_slow(monkeypatch):
    """On a busy machine one may be, with every index there."""
    monkeypatch.setattr(indices, "SLOW_SEARCH_SECONDS", 30)


@pytest.fixture
def with_rule(own):
    """Puts an access rule before all others, until the test is over: `with_rule("to * by * read")`."""
    rules = []

    def putter(rule):
        own.load(f"{CONFIG}add: olcAccess\nolcAccess: {{0}}{rule}\n", as_config=True)
        rules.append(rule)

    yield putter
    for _ in rules:
        own.load(f"{CONFIG}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)


def check(academy, **sections):
    # The hashes here are as slow as those of an academy.
    directory = {"min_refusal_seconds": 0.75, **sections.pop("directory", {})}
    return list(check_servers(settings_for(academy, directory=directory, **sections)))


def failures(findings):
    return [finding for finding in findings if finding.level is Level.FAIL]


def about(findings, what):
    [finding] = [finding for finding in findings if finding.subject.endswith(what)]
    return finding


class TestCheck:
    def test_when_the_directory_is_as_ldif_makes_it_then_all_is_ok(self, own):
        findings = check(own)

        assert [finding for finding in findings if finding.level is not Level.OK] == []
        assert len(findings) > 8

    def test_when_it_is_over_then_nothing_was_changed(self, own):
        before = own.read("fdurand4")

        check(own, workstation={"targets": {"poste": {"type": "samba_nt"}}})

        assert own.read("fdurand4") == before

    def test_when_a_server_is_down_then_it_fails_and_the_others_are_checked(self, own):
        findings = check(own, directory={"servers": ["ldap://127.0.0.1:9", own.url]})

        [failed] = failures(findings)
        assert failed.subject == "ldap://127.0.0.1:9"
        assert "firewall" in failed.hint
        assert about(findings, f"{own.url}: decoy").level is Level.OK

    def test_when_the_password_is_wrong_then_it_names_the_account(self, own):
        [failed] = failures(check(own, directory={"bind_password": "wrong"}))

        assert "bind_dn" in failed.hint

    def test_when_the_certificate_ends_soon_then_it_warns_with_the_days_that_are_left(self, own):
        found = about(check(own, directory={"servers": [own.ldaps], "ca_file": own.authority}), "certificate")

        assert found.level is Level.WARN
        assert "1 more days" in found.message

    def test_when_the_certificate_is_nobodys_then_it_fails_and_names_the_authority(self, own):
        [failed] = failures(check(own, directory={"servers": [own.ldaps]}))

        assert "ca_file" in failed.hint

    def test_when_an_attribute_is_unknown_there_then_it_is_named(self, own):
        found = about(check(own, people={"birth_name": "nomDeNaissance"}), "schema")

        assert found.level is Level.FAIL
        assert "nomDeNaissance" in found.message

    def test_when_an_attribute_is_called_by_another_name_of_its_type_then_the_servers_name_is_given(self, own):
        found = about(
            check(own, people={"surname": "surname", "mail": "RFC822Mailbox", "given_name": "GIVENNAME"}), "schema"
        )

        assert found.level is Level.FAIL
        assert "surname is sn, RFC822Mailbox is mail" in found.message
        assert "GIVENNAME" not in found.message

    @pytest.mark.parametrize(
        ("rule", "level", "reported"),
        [
            (
                r'to dn.base="" attrs=supportedControl val.regex="^1\.3\.6\.1\.1\.12$" by * none',
                Level.FAIL,
                "refused (503)",
            ),
            ('to dn.base="" attrs=supportedControl by * none', Level.WARN, "can't be read"),
        ],
        ids=["not among them", "hidden"],
    )
    def test_when_the_server_shows_no_assertion_control_then_it_says_so(self, own, rule, level, reported):
        frontend = "dn: olcDatabase={-1}frontend,cn=config\nchangetype: modify\n"
        own.load(f"{frontend}add: olcAccess\nolcAccess: {{0}}{rule}\n", as_config=True)
        try:
            finding = about(check(own), "assertion control")
        finally:
            own.load(f"{frontend}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)

        assert finding.level is level
        assert reported in finding.message

    def test_when_there_is_no_decoy_then_it_says_what_that_would_tell_strangers(self, own):
        found = about(check(own, directory={"decoy_dn": f"cn=nobody,ou=services,{SUFFIX}"}), "decoy")

        assert found.level is Level.FAIL
        assert "faster" in found.message

    def test_when_nobody_is_found_then_base_and_filter_are_named(self, own):
        found = about(check(own, people={"filter": "(objectClass=posixAccount)"}), "rights")

        assert found.level is Level.FAIL
        assert "people.filter" in found.hint

    @pytest.mark.parametrize(
        "right, reported",
        [
            ("attrs=numen by dn.exact={gateway} read", "read numen"),
            ("attrs=numen by dn.exact={gateway} =sc", "search by numen"),
            ("attrs=userPassword by dn.exact={gateway} write", "read userPassword"),
            ("attrs=mail by dn.exact={gateway} write", "write mail"),
            ("attrs=description by dn.exact={gateway} write", "write description"),
            ("attrs=objectClass by dn.exact={gateway} write", "write objectClass"),
        ],
    )
    def test_when_the_account_may_more_than_it_must_then_it_fails_and_says_what(
        self, own, with_rule, right, reported
    ):
        with_rule(
            f'to dn.subtree="ou=people,{SUFFIX}" {right.format(gateway=f"{chr(34)}{GATEWAY}{chr(34)}")} by * break'
        )

        assert any(reported in failed.message for failed in failures(check(own)))

    @pytest.mark.parametrize(
        "attribute, reported",
        [
            ("userPassword", "write userPassword"),
            ("numen", "compare numen"),
            ("birthDate", "birthDate"),
            ("pwdAccountTmpLockoutEnd", "read pwdAccountTmpLockoutEnd"),
            ("pwdLastSuccess", "read pwdLastSuccess"),
        ],
    )
    def test_when_the_account_may_less_than_it_must_then_it_fails_and_says_what(
        self, own, with_rule, attribute, reported
    ):
        with_rule(f'to dn.subtree="ou=people,{SUFFIX}" attrs={attribute} by dn.exact="{GATEWAY}" none by * break')

        assert any(reported in failed.message for failed in failures(check(own)))


class TestPolicies:
    @pytest.mark.parametrize(
        "sections, reported",
        [
            ({"password": {"history": 12}}, "password.history = 5"),
            ({"lockout": {"failures": 5}}, "lockout.failures = 10"),
            ({"lockout": {"minutes": 30}}, "lockout.minutes = 15"),
            ({"password": {"min_length": 6}}, "password.min_length = 8"),
        ],
    )
    def test_when_the_pages_promise_something_else_than_the_policy_then_it_warns_with_the_setting(
        self, own, sections, reported
    ):
        [found] = [finding for finding in check(own, **sections) if finding.level is Level.WARN]

        assert found.hint == reported

    @pytest.mark.parametrize(
        "rates, reported",
        [
            ("10/5 minutes; 25/day", "lets through 25 wrong passwords in 900 s"),
            ("3/5 minutes; 25/day", "lets through 12 wrong passwords in 900 s"),
            # slapd may count the first five later than they were let through, and the next five at once.
            ("5/15 minutes; 25/day", "lets through 10 wrong passwords in 900 s"),
        ],
    )
    def test_when_our_rates_let_strangers_lock_accounts_then_it_fails_with_the_setting(self, own, rates, reported):
        found = about(check(own, rate_limits={"per_login": rates}), "lock-out by strangers")

        assert found.level is Level.FAIL
        assert reported in found.message
        assert found.hint == 'rate_limits.per_login = "5/16 minutes; 25/day"'

    @pytest.mark.parametrize("rates", ["5/20 minutes; 25/day", "5/16 minutes; 25/day", "4/15 minutes"])
    def test_when_our_rates_stay_below_the_policies_then_it_is_ok(self, own, rates):
        assert about(check(own, rate_limits={"per_login": rates}), "lock-out by strangers").level is Level.OK

    @pytest.mark.parametrize(
        "attribute, value, level, hint",
        [
            ("pwdMaxFailure", "5", Level.FAIL, 'rate_limits.per_login = "2/16 minutes; 25/day"'),
            ("pwdMaxFailure", "1", Level.WARN, "pwdMaxFailure: 10 in that policy"),
            ("pwdFailureCountInterval", "0", Level.WARN, "pwdFailureCountInterval: 900 in that policy"),
            ("pwdFailureCountInterval", "3600", Level.FAIL, 'rate_limits.per_login = "5/61 minutes; 25/day"'),
        ],
    )
    def test_when_another_policy_locks_sooner_then_that_policy_is_named(self, own, attribute, value, level, hint):
        policy = f"dn: cn=yearly,{POLICIES}\nchangetype: modify\nreplace: {attribute}\n{attribute}: "
        before = {"pwdMaxFailure": "10", "pwdFailureCountInterval": "900"}[attribute]
        own.load(f"{policy}{value}\n")

        found = about(check(own), "lock-out by strangers")

        own.load(f"{policy}{before}\n")
        assert (found.level, found.hint) == (level, hint)
        assert f"cn=yearly,{POLICIES}" in found.message

    def test_when_the_services_policy_lets_accounts_expire_then_it_fails(self, own):
        policy = f"dn: cn=services,{POLICIES}\nchangetype: modify\n"
        own.load(f"{policy}replace: pwdMaxAge\npwdMaxAge: 7776000\n")

        found = about(check(own), "service account")

        own.load(f"{policy}delete: pwdMaxAge\n")
        assert found.level is Level.FAIL
        assert "expires" in found.message

    def test_when_the_workers_account_would_expire_then_that_fails_before_it_does(self, own):
        worker = f"cn=sync,ou=services,{SUFFIX}"
        swap = (
            f"dn: {worker}\nchangetype: modify\nreplace: pwdPolicySubentry\npwdPolicySubentry: cn={{}},{POLICIES}\n"
        )
        own.load(swap.format("yearly"))
        try:
            found = about(check(own, workstation={"bind_dn": worker}), "worker's account")
        finally:
            own.load(swap.format("services"))

        assert found.level is Level.FAIL
        assert "the worker would stop" in found.message
        assert about(check(own, workstation={"bind_dn": worker}), "worker's account").level is Level.OK

    def test_when_somebody_cannot_hold_the_stamp_then_the_entry_and_the_setting_are_named(self, own):
        own.add_person("sansclasse", objectClass=["inetOrgPerson"], birthDate=None, numen=None)
        everybody = {"filter": "(objectClass=inetOrgPerson)"}

        found = "".join(finding.message for finding in failures(check(own, people=everybody)))
        without = "".join(finding.message for finding in check(own, people={**everybody, "password_stamp": ""}))

        assert f"mamiaPasswordStamp of uid=sansclasse,ou=people,{SUFFIX}" in found
        assert "people.password_stamp" in found
        assert "mamiaPasswordStamp" not in without

    def test_when_the_directory_is_of_the_version_before_then_the_stamp_and_its_schema_are_named(self, tmp_path):
        academy = SlapdBefore(tmp_path / "state", hash_cost=QUICK_HASH)
        academy.add_person("fdurand4")

        named = [finding for finding in failures(check(academy)) if "mamiaPasswordStamp" in finding.message]
        academy.slapd.stop()

        assert any("upgrade/schema.ldif" in finding.hint for finding in named)
