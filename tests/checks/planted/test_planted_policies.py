"""Mistakes in password policies, each planted in a real slapd."""

from __future__ import annotations

import pytest

from gateway.checks.finding import Level
from gateway.checks.servers import check_servers
from tests.support.planted_directory import DATABASE, DEFAULT_POLICY, POLICIES, SERVICES, PlantedDirectory
from tests.support.planted_mistakes import Mistake, prove

INITIAL, SERVICE_POLICY = f"cn=initial,{POLICIES}", f"cn=services,{POLICIES}"


def servers(place):
    return check_servers(place.settings)


def value(attribute, wrong, right, *, level=Level.WARN, message=(), hint="", subject="", dn=DEFAULT_POLICY):
    """A value of a policy that is wrong, and the one that the hint names."""
    return Mistake(
        name=f"{attribute} {wrong}",
        plant=lambda place: place.change(dn, **{attribute: wrong}),
        level=level,
        subject=subject or f"policy {dn}",
        message=message or [attribute],
        hint=[hint or f"{attribute}: {right}"],
        fix=lambda place: place.change(dn, **{attribute: right}),
        check=servers,
    )


def initial(place):
    place.set("reset", mode="initial")


def delete_initial_policy(place):
    initial(place)
    place.delete(INITIAL)


MISTAKES = (
    value("pwdSafeModify", "TRUE", "FALSE", level=Level.FAIL, message=["refuses every password"]),
    value("pwdMinAge", "86400", "0", message=["24 hours"]),
    value("pwdAllowUserChange", "FALSE", "TRUE", message=["nobody"]),
    value("pwdMustChange", "FALSE", "TRUE", message=["pwdReset"]),
    value("pwdMustChange", None, "TRUE", message=["pwdReset"]),
    value("pwdCheckQuality", "0", "2", message=["any length"]),
    value("pwdMaxLength", "20", "128", message=["accept 128"]),
    value("pwdMaxLength", "100", "128", message=["accept 128"], hint="password.max_length = 100"),
    value("pwdLockout", "FALSE", "TRUE", message=["guess"]),
    value("pwdMaxFailure", "0", "10", message=["lock nobody"]),
    value("pwdLockoutDuration", "15", "900", message=["15 seconds"]),
    value("pwdAttribute", "uid", "userPassword", message=["not about passwords"]),
    value("pwdMaxAge", "90", "7776000", level=Level.FAIL, message=["90 seconds"]),
    value("pwdMinDelay", "1", None, message=["first wrong password"], hint="take pwdMinDelay"),
    value("pwdFailureCountInterval", "0", "900", message=["never forgets"], subject="lock-out by strangers"),
    value("pwdMaxFailure", "1", "10", subject="lock-out by strangers", message=["first wrong password"]),
    value(
        "pwdMaxAge",
        "7776000",
        "0",
        level=Level.FAIL,
        dn=SERVICE_POLICY,
        subject="service account",
        message=["it expires"],
        hint="take pwdMaxAge",
    ),
    Mistake(
        name="history of the pages",
        plant=lambda place: place.change(DEFAULT_POLICY, pwdInHistory="12"),
        level=Level.WARN,
        subject="promises of the pages",
        message=["pwdInHistory says 12"],
        hint=["password.history = 12"],
        fix=lambda place: place.set("password", history=12),
        check=servers,
    ),
    Mistake(
        name="length of the pages",
        plant=lambda place: place.change(DEFAULT_POLICY, pwdMinLength="12"),
        level=Level.WARN,
        subject="promises of the pages",
        message=["asks for 12"],
        hint=["password.min_length = 12"],
        fix=lambda place: place.set("password", min_length=12),
        check=servers,
    ),
    Mistake(
        name="lock of the pages",
        plant=lambda place: place.change(DEFAULT_POLICY, pwdLockoutDuration="1800"),
        level=Level.WARN,
        subject="promises of the pages",
        message=["pwdLockoutDuration says 30"],
        hint=["lockout.minutes = 30"],
        fix=lambda place: place.set("lockout", minutes=30),
        check=servers,
    ),
    Mistake(
        name="lock of no whole minute",
        plant=lambda place: place.change(DEFAULT_POLICY, pwdLockoutDuration="100"),
        level=Level.WARN,
        subject="promises of the pages",
        message=["lockout.minutes"],
        hint=["pwdLockoutDuration: 900"],
        fix=lambda place: place.change(DEFAULT_POLICY, pwdLockoutDuration="900"),
        check=servers,
    ),
    Mistake(
        name="warning longer than the age",
        plant=lambda place: place.change(DEFAULT_POLICY, pwdMaxAge="864000", pwdExpireWarning="1209600"),
        level=Level.WARN,
        subject=f"policy {DEFAULT_POLICY}",
        message=["first day"],
        hint=["pwdExpireWarning", "less than pwdMaxAge"],
        fix=lambda place: place.change(DEFAULT_POLICY, pwdExpireWarning="432000"),
        check=servers,
    ),
    Mistake(
        name="idle accounts without olcLastBind",
        plant=lambda place: place.change(DEFAULT_POLICY, pwdMaxIdle="7776000"),
        level=Level.WARN,
        subject=f"policy {DEFAULT_POLICY}",
        message=["closes no account"],
        hint=["olcLastBind: TRUE"],
        fix=lambda place: place.change(DATABASE, olcLastBind="TRUE"),
        check=servers,
    ),
    Mistake(
        name="strangers lock accounts",
        plant=lambda place: place.change(DEFAULT_POLICY, pwdMaxFailure="3"),
        subject="lock-out by strangers",
        message=["anybody can lock people out"],
        hint=['rate_limits.per_login = "1/16 minutes; 25/day"'],
        fix=lambda place: place.set("rate_limits", per_login="1/16 minutes; 25/day"),
        check=servers,
    ),
    Mistake(
        name="service accounts are locked",
        plant=lambda place: place.change(SERVICE_POLICY, pwdLockout="TRUE", pwdMaxFailure="5"),
        subject="service account",
        message=["it locks"],
        hint=["pwdLockout"],
        fix=lambda place: place.change(SERVICE_POLICY, pwdLockout=None),
        check=servers,
    ),
    Mistake(
        name="service account without a policy",
        plant=lambda place: place.change(f"cn=gateway,{SERVICES}", pwdPolicySubentry=None),
        level=Level.WARN,
        subject="service account",
        message=["no policy of its own"],
        hint=["pwdPolicySubentry: cn=services,ou=policies"],
        fix=lambda place: place.change(f"cn=gateway,{SERVICES}", pwdPolicySubentry=SERVICE_POLICY),
        check=servers,
    ),
    Mistake(
        name="policy of a person is gone",
        plant=lambda place: place.change(place.server.dn("mpetit"), pwdPolicySubentry=f"cn=gone,{POLICIES}"),
        subject="policies in use",
        message=[f"cn=gone,{POLICIES}", "mpetit"],
        hint=["add the policy, or another pwdPolicySubentry"],
        fix=lambda place: place.change(place.server.dn("mpetit"), pwdPolicySubentry=None),
        check=servers,
    ),
    Mistake(
        name="initial password without pwdMustChange",
        plant=lambda place: (initial(place), place.change(DEFAULT_POLICY, pwdMustChange="FALSE")),
        subject=f"policy {DEFAULT_POLICY}",
        message=["stay open with the number"],
        hint=["pwdMustChange: TRUE"],
        fix=lambda place: place.change(DEFAULT_POLICY, pwdMustChange="TRUE"),
        check=servers,
    ),
    Mistake(
        name="initial policy is gone",
        plant=delete_initial_policy,
        subject="reset.initial_policy",
        message=["does not exist"],
        hint=["cn=initial of 60-policies.ldif"],
        fix=PlantedDirectory.restore_data,
        check=servers,
    ),
    Mistake(
        name="initial policy with history",
        plant=lambda place: (initial(place), place.change(INITIAL, pwdInHistory="5")),
        subject="reset.initial_policy",
        message=["a history of 5"],
        hint=["pwdInHistory: 0"],
        fix=lambda place: place.change(INITIAL, pwdInHistory="0"),
        check=servers,
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
