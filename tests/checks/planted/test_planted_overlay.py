"""Mistakes in slapd's configuration of passwords, and in the decoy, each planted in a real slapd."""

from __future__ import annotations

import pytest

from gateway.checks.finding import Level
from gateway.checks.servers import check_servers
from tests.support.planted_directory import (
    DATABASE,
    DECOY,
    DECOY_POLICY,
    DEFAULT_POLICY,
    FRONTEND,
    GATEWAY,
    OVERLAY,
    POLICIES,
    SERVICES,
    PlantedDirectory,
)
from tests.support.planted_mistakes import Mistake, prove
from tests.support.slapd_server import PEOPLE

CONFIG = "olcDatabase={0}config,cn=config"


def servers(place):
    return check_servers(place.settings)


def overlay(name, wrong, right, *, level=Level.FAIL, subject, message, hint, **fix):
    """A value of the overlay ppolicy that is wrong, and the one that the hint names."""
    return Mistake(
        name=f"{name} {wrong}",
        plant=lambda place: place.change(OVERLAY, **{name: wrong}),
        level=level,
        subject=subject,
        message=message,
        hint=[hint],
        fix=fix.get("fix", lambda place: place.change(OVERLAY, **{name: right})),
        check=servers,
    )


def weak_hash(scheme, level=Level.WARN):
    """Another scheme for new passwords."""
    return Mistake(
        name=f"olcPasswordHash {scheme}",
        plant=lambda place: place.change(FRONTEND, olcPasswordHash=scheme),
        level=level,
        subject="hash of passwords",
        message=[scheme or "{SSHA}"],
        hint=["olcPasswordHash: {ARGON2} in olcDatabase={-1}frontend,cn=config"],
        fix=lambda place: place.change(FRONTEND, olcPasswordHash="{ARGON2}"),
        check=servers,
    )


def without_right_to_configuration(place):
    place.take_rule(CONFIG)


def name_missing_policy(place):
    without_right_to_configuration(place)
    place.set("directory", default_policy=f"cn=gone,{POLICIES}")


def name_no_policy(place):
    without_right_to_configuration(place)
    place.set("directory", default_policy=None)


def move_overlay(place):
    """To the database of the monitor."""
    place.delete(OVERLAY)
    place.add(
        "olcOverlay={0}ppolicy,olcDatabase={2}monitor,cn=config",
        objectClass=["olcOverlayConfig", "olcPPolicyConfig"],
        olcOverlay="{0}ppolicy",
        olcPPolicyHashCleartext="TRUE",
    )


def take_overlay_unseen(place):
    place.delete(OVERLAY)
    without_right_to_configuration(place)


def decoy_among_people(place):
    with place.server.as_admin() as line:
        entry = line.read_s(DECOY)
    place.add(f"cn=decoy,{PEOPLE}", **{name: [one.decode() for one in values] for name, values in entry.items()})
    place.set("directory", decoy_dn=f"cn=decoy,{PEOPLE}")


def move_decoy_back(place):
    place.delete(f"cn=decoy,{PEOPLE}")
    place.set("directory", decoy_dn=DECOY)


def decoy_without(attribute, value):
    return Mistake(
        name=f"decoy without {attribute}",
        plant=lambda place: place.change(DECOY, **{attribute: None}),
        subject=": decoy",
        message=[f"has no {attribute}", "faster"],
        hint=[f"add to {DECOY}: {attribute}: {value}"],
        fix=lambda place: place.change(DECOY, **{attribute: value}),
        check=servers,
    )


MISTAKES = (
    Mistake(
        name="overlay is missing",
        plant=lambda place: place.delete(OVERLAY),
        subject="password policy",
        message=["plain text"],
        hint=[f"add olcOverlay=ppolicy,{DATABASE}", "40-password-policy.ldif"],
        fix=PlantedDirectory.restore_configuration,
        check=servers,
    ),
    Mistake(
        name="overlay is missing, and cn=config can't be read",
        plant=take_overlay_unseen,
        subject="password policy",
        message=["no lock-out"],
        hint=["load the overlay ppolicy", "its module is loaded, but no overlay is on the database"],
        fix=PlantedDirectory.restore_configuration,
        check=servers,
    ),
    Mistake(
        name="overlay on another database",
        plant=move_overlay,
        subject="password policy",
        message=["plain text", "it is on another one: olcOverlay={0}ppolicy,olcDatabase={2}monitor"],
        hint=[f"add olcOverlay=ppolicy,{DATABASE}"],
        fix=PlantedDirectory.restore_configuration,
        check=servers,
    ),
    overlay(
        "olcPPolicyHashCleartext",
        "FALSE",
        "TRUE",
        subject="password policy",
        message=["plain text"],
        hint=f"olcPPolicyHashCleartext: TRUE in {OVERLAY}",
    ),
    overlay(
        "olcPPolicyHashCleartext",
        None,
        "TRUE",
        subject="password policy",
        message=["plain text"],
        hint=f"olcPPolicyHashCleartext: TRUE in {OVERLAY}",
    ),
    overlay(
        "olcPPolicyUseLockout",
        "TRUE",
        "FALSE",
        level=Level.WARN,
        subject="password policy",
        message=["exist and are locked"],
        hint=f"olcPPolicyUseLockout: FALSE in {OVERLAY}",
    ),
    overlay(
        "olcPPolicyDefault",
        None,
        DEFAULT_POLICY,
        subject="default policy",
        message=["is not set"],
        hint=f"olcPPolicyDefault in {OVERLAY}: {DEFAULT_POLICY}",
    ),
    overlay(
        "olcPPolicyDefault",
        f"cn=gone,{POLICIES}",
        DEFAULT_POLICY,
        subject="default policy",
        message=["cn=gone", "does not exist"],
        hint="correct olcPPolicyDefault",
    ),
    overlay(
        "olcPPolicyDefault",
        f"cn=yearly,{POLICIES}",
        None,
        subject="default policy",
        message=[f"slapd applies cn=yearly,{POLICIES}"],
        hint=f'directory.default_policy = "cn=yearly,{POLICIES}"',
        fix=lambda place: place.set("directory", default_policy=f"cn=yearly,{POLICIES}"),
    ),
    Mistake(
        name="default policy is deleted",
        plant=lambda place: place.delete(DEFAULT_POLICY),
        subject="default policy",
        message=[DEFAULT_POLICY, "does not exist"],
        hint=["add it (60-policies.ldif"],
        fix=PlantedDirectory.restore_data,
        check=servers,
    ),
    Mistake(
        name="setting names a policy that is not there",
        plant=name_missing_policy,
        subject="default policy",
        message=["directory.default_policy names cn=gone"],
        hint=["directory.default_policy: the value of olcPPolicyDefault"],
        fix=lambda place: place.set("directory", default_policy=DEFAULT_POLICY),
        check=servers,
    ),
    Mistake(
        name="default policy is not known",
        plant=name_no_policy,
        level=Level.WARN,
        subject="default policy",
        message=["not known"],
        hint=["directory.default_policy", "47-configuration.ldif"],
        fix=PlantedDirectory.restore_configuration,
        check=servers,
    ),
    Mistake(
        name="cn=config can't be read",
        plant=without_right_to_configuration,
        level=Level.WARN,
        subject="cn=config",
        message=["not verified"],
        hint=["47-configuration.ldif"],
        fix=PlantedDirectory.restore_configuration,
        check=servers,
    ),
    weak_hash("{SSHA}"),
    weak_hash("{SMD5}"),
    weak_hash("{MD5}"),
    weak_hash("{CRYPT}"),
    weak_hash(None),
    weak_hash("{CLEARTEXT}", Level.FAIL),
    Mistake(
        name="decoy is missing",
        plant=lambda place: place.delete(DECOY),
        subject=": decoy",
        message=["no such entry", "faster"],
        hint=["add it (70-services.ldif"],
        fix=PlantedDirectory.restore_data,
        check=servers,
    ),
    Mistake(
        name="setting names no decoy",
        plant=lambda place: place.set("directory", decoy_dn=f"cn=gone,{SERVICES}"),
        subject=": decoy",
        message=["no such entry", "faster"],
        hint=["correct directory.decoy_dn"],
        fix=lambda place: place.set("directory", decoy_dn=DECOY),
        check=servers,
    ),
    decoy_without("numen", "DECOY"),
    decoy_without("temporaryAgentNumber", "DECOY"),
    decoy_without("birthDate", "00000000"),
    Mistake(
        name="decoy under the policy of people",
        plant=lambda place: place.change(DECOY, pwdPolicySubentry=DEFAULT_POLICY),
        subject="decoy's policy",
        message=["locks it after 10", "faster"],
        hint=[f"pwdPolicySubentry of {DECOY}: cn=decoy"],
        fix=lambda place: place.change(DECOY, pwdPolicySubentry=DECOY_POLICY),
        check=servers,
    ),
    Mistake(
        name="decoy without a policy of its own",
        plant=lambda place: place.change(DECOY, pwdPolicySubentry=None),
        subject="decoy's policy",
        message=["no policy of its own"],
        hint=[f"pwdPolicySubentry of {DECOY}: cn=decoy"],
        fix=lambda place: place.change(DECOY, pwdPolicySubentry=DECOY_POLICY),
        check=servers,
    ),
    Mistake(
        name="decoy's policy locks",
        plant=lambda place: place.change(DECOY_POLICY, pwdMaxFailure="10"),
        subject="decoy's policy",
        message=["locks it after 10"],
        hint=["pwdMaxFailure is 0"],
        fix=lambda place: place.change(DECOY_POLICY, pwdMaxFailure="0"),
        check=servers,
    ),
    Mistake(
        name="decoy's policy records nothing",
        plant=lambda place: place.change(DECOY_POLICY, pwdLockout="FALSE"),
        level=Level.WARN,
        subject="decoy's policy",
        message=["records no failures"],
        hint=["in it pwdLockout: TRUE and pwdMaxFailure: 0"],
        fix=lambda place: place.change(DECOY_POLICY, pwdLockout="TRUE"),
        check=servers,
    ),
    Mistake(
        name="decoy's policy is gone",
        plant=lambda place: place.delete(DECOY_POLICY),
        subject="decoy's policy",
        message=["does not exist"],
        hint=["cn=decoy,ou=policies,… (60-policies.ldif)"],
        fix=PlantedDirectory.restore_data,
        check=servers,
    ),
    Mistake(
        name="decoy's policy can't be read",
        plant=lambda place: place.put_rule(
            f'to dn.exact="{DECOY}" attrs=entry by dn.exact="{GATEWAY}" none by * break'
        ),
        level=Level.WARN,
        subject="decoy's policy",
        message=["not verified"],
        hint=["30-access.ldif"],
        fix=PlantedDirectory.take_rule,
        check=servers,
    ),
    Mistake(
        name="decoy is one of the people",
        plant=decoy_among_people,
        subject="decoy among people",
        message=["people.filter"],
        hint=["move the decoy out of people.base"],
        fix=move_decoy_back,
        check=servers,
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
