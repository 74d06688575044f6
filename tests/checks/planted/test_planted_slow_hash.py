"""Mistakes that the time of a password hash shows, planted in a slapd whose hash costs what an academy's does."""

from __future__ import annotations

import pytest

from gateway.checks.finding import Level
from gateway.checks.servers import check_servers
from tests.support.planted_directory import DECOY, FRONTEND, GATEWAY, POLICIES, PlantedDirectory
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.slapd_server import SlapdServer

COST = "m=19456 t=9 p=1"
"""Three times an academy's, so that no busy moment hides the difference."""
SERVICE_POLICY = f"cn=services,{POLICIES}"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    academy = SlapdServer(tmp_path_factory.mktemp("slow") / "state", hash_cost=COST)
    academy.add_person("fdurand4")
    yield PlantedDirectory(academy, directory={"min_refusal_seconds": 2})
    academy.slapd.stop()


def servers(place):
    return check_servers(place.settings)


def hash_weakly(place, *accounts):
    """As a directory did before 40-password-policy.ldif was loaded."""
    place.change(FRONTEND, olcPasswordHash="{SSHA}")
    for account in accounts:
        place.change(account, userPassword=place.server.slapd.password(account.partition(",")[0][3:]))
    place.change(FRONTEND, olcPasswordHash="{ARGON2}")


def hash_again(place, *accounts):
    """A new password, as administrator; slapd hashes it."""
    for account in accounts:
        place.change(account, userPassword=place.server.slapd.password(account.partition(",")[0][3:]))


def lock(place):
    place.change(SERVICE_POLICY, pwdLockout="TRUE", pwdMaxFailure="5")
    place.change(GATEWAY, pwdAccountLockedTime="000001010000Z")


MISTAKES = (
    Mistake(
        name="decoy with a hash of the past",
        plant=lambda place: hash_weakly(place, DECOY),
        subject="time of a wrong password",
        message=["unknown logins answer faster"],
        hint=[f"set a new password for {DECOY} as administrator"],
        fix=lambda place: hash_again(place, DECOY),
        check=servers,
    ),
    Mistake(
        name="every hash is one of the past",
        plant=lambda place: hash_weakly(place, DECOY, GATEWAY),
        level=Level.WARN,
        subject="time of a wrong password",
        message=["no hash that is meant to be slow"],
        hint=["{ARGON2} as olcPasswordHash", f"set a new password for {GATEWAY} and for {DECOY}"],
        fix=lambda place: hash_again(place, DECOY, GATEWAY),
        check=servers,
    ),
    Mistake(
        name="refusals sooner than three hashes",
        plant=lambda place: place.set("directory", min_refusal_seconds=0.05),
        level=Level.WARN,
        subject="time of a wrong password",
        message=["min_refusal_seconds"],
        hint=["directory.min_refusal_seconds = "],
        fix=lambda place: place.set("directory", min_refusal_seconds=2),
        check=servers,
    ),
    Mistake(
        name="account is locked, and slapd does not say so",
        plant=lock,
        subject="ldap://",
        message=["seems to be locked"],
        hint=[f"delete pwdAccountLockedTime of {GATEWAY}"],
        fix=lambda place: place.change(GATEWAY, pwdAccountLockedTime=None),
        check=servers,
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)


def test_when_nothing_is_wrong_then_nothing_is_found(place):
    assert problems(servers(place)) == []
