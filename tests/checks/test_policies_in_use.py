"""What `mamia check` reports of each password policy that people have, not of cn=default alone."""

from __future__ import annotations

import pytest

from gateway.checks.finding import Level
from gateway.checks.servers import check_servers
from tests.support.gateway_settings import settings_for
from tests.support.password_policies import RecordedLogins, own_policy
from tests.support.slapd_server import POLICIES


@pytest.fixture
def under(directory):
    """Puts somebody under a policy of their own, and gives the findings about it: `under(pwdMinAge="86400")`."""

    def found(settings=None, **attributes):
        with own_policy(directory, "own", **attributes) as policy:
            directory.add_person("fdurand4", pwdPolicySubentry=policy)
            return [finding for finding in check(directory, **(settings or {})) if policy in finding.subject]

    return found


def check(academy, **sections):
    return list(check_servers(settings_for(academy, **sections)))


class TestCheck:
    @pytest.mark.parametrize(
        "attributes, level, reported, hint",
        [
            ({"pwdSafeModify": "TRUE"}, Level.FAIL, "refuses every password", "pwdSafeModify: FALSE in that policy"),
            ({"pwdMinAge": "86400"}, Level.WARN, "24 hours", "pwdMinAge: 0 in that policy"),
            ({"pwdMinDelay": "1"}, Level.WARN, "crashes", "take pwdMinDelay"),
            ({"pwdMaxIdle": "86400"}, Level.WARN, "closes no account", "olcLastBind: TRUE"),
            ({"pwdMaxFailure": "15"}, Level.WARN, "after 15 wrong passwords", "the same pwdMaxFailure"),
            ({"pwdLockoutDuration": "3600"}, Level.WARN, "for 60 minutes", "pwdLockoutDuration"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_when_a_policy_of_people_asks_for_what_the_gateway_can_not_do_then_it_says_so(
        self, under, attributes, level, reported, hint
    ):
        found = [finding for finding in under(**attributes) if finding.level is not Level.OK]

        [finding] = found
        assert finding.level is level
        assert reported in finding.message
        assert hint in finding.hint

    @pytest.mark.parametrize(
        "attributes, reported",
        [({"pwdAllowUserChange": "FALSE"}, "pwdAllowUserChange"), ({"pwdMinLength": "16"}, "at least 16 characters")],
    )
    def test_when_the_gateway_keeps_to_a_rule_of_a_policy_then_it_is_reported_as_kept(
        self, under, attributes, reported
    ):
        [finding] = under(**attributes)

        assert finding.level is Level.OK
        assert reported in finding.message

    @pytest.mark.parametrize("server", [RecordedLogins], indirect=True)
    def test_when_slapd_records_logins_then_idleness_is_reported_as_kept(self, under):
        [finding] = under(pwdMaxIdle=str(30 * 86400))

        assert finding.level is Level.OK
        assert "30 days" in finding.message

    def test_when_nobody_has_a_policy_then_it_is_not_judged(self, directory):
        directory.add_person("fdurand4")

        with own_policy(directory, "unused", pwdSafeModify="TRUE"):
            findings = check(directory)

        assert [finding for finding in findings if finding.level is Level.FAIL] == []

    def test_when_the_initial_policy_is_in_use_then_it_counts_as_used(self, directory):
        directory.add_person("fdurand4")
        with own_policy(directory, "temporary", pwdSafeModify="TRUE", pwdInHistory="0") as policy:
            findings = check(directory, reset={"mode": "initial", "initial_policy": policy})

        assert any(policy in finding.subject and finding.level is Level.FAIL for finding in findings)

    def test_when_everybodys_policy_has_another_name_then_the_setting_is_compared(self, directory):
        directory.add_person("fdurand4")
        with own_policy(directory, "staff", pwdSafeModify="TRUE", pwdInHistory="12") as policy:
            findings = check(directory, directory={"default_policy": policy})

        assert any(policy in finding.subject and finding.level is Level.FAIL for finding in findings)
        assert any(finding.hint == "password.history = 12" for finding in findings)

    @pytest.mark.parametrize("policy", [f"cn=gone,{POLICIES}", "cn=elsewhere"])
    def test_when_the_policy_of_somebody_can_not_be_read_then_it_fails_and_names_both(self, directory, policy):
        directory.add_person("fdurand4")
        directory.set("fdurand4", "pwdPolicySubentry", policy)

        [failed] = [finding for finding in check(directory) if finding.level is Level.FAIL]

        assert policy in failed.message
        assert directory.dn("fdurand4") in failed.message
