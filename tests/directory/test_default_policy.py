"""Which policy people without one of their own have: as the settings name it, or as slapd does; none is guessed."""

from __future__ import annotations

import pytest

from gateway.directory.connection import connect
from gateway.directory.policies import find_default_policy
from gateway.ldap import close
from tests.support.planted_directory import DEFAULT_POLICY, OVERLAY, PlantedDirectory
from tests.support.slapd_server import POLICIES, QUICK_HASH, SlapdServer

YEARLY = f"cn=yearly,{POLICIES}"
CONFIG = "olcDatabase={0}config,cn=config"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    academy = SlapdServer(tmp_path_factory.mktemp("policy") / "state", hash_cost=QUICK_HASH)
    yield PlantedDirectory(academy, directory={"default_policy": None})
    academy.slapd.stop()


@pytest.fixture
def place(made):
    yield made
    made.restore()


def found(place):
    directory = place.settings.directory
    connection = connect(directory.servers[0], directory, as_service=True)
    try:
        policy = find_default_policy(connection, directory)
    finally:
        close(connection)
    return policy.dn if policy else None


class TestFindDefaultPolicy:
    def test_when_the_setting_names_one_then_it_is_that_one(self, place):
        place.set("directory", default_policy=YEARLY)

        assert found(place) == YEARLY

    @pytest.mark.parametrize("policy", [DEFAULT_POLICY, YEARLY])
    def test_when_slapd_names_one_then_it_is_read_whatever_its_name(self, place, policy):
        place.change(OVERLAY, olcPPolicyDefault=policy)

        assert found(place) == policy

    def test_when_slapd_names_none_then_there_is_none(self, place):
        place.change(OVERLAY, olcPPolicyDefault=None)

        assert found(place) is None

    def test_when_neither_is_known_then_none_of_several_is_guessed(self, place):
        place.take_rule(CONFIG)

        assert found(place) is None

    def test_when_neither_is_known_and_there_is_one_policy_then_it_is_that_one(self, place):
        place.take_rule(CONFIG)
        for name in ("default", "initial", "services", "decoy"):
            place.delete(f"cn={name},{POLICIES}")

        assert found(place) == YEARLY
