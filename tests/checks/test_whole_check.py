"""A complete `mamia check`: what it changes in the directory, and how long it takes."""

from __future__ import annotations

import time

import pytest

from gateway.checks.finding import Level
from gateway.checks.servers import check_servers
from gateway.cli.check import check
from gateway.directory.local_root import connect_as_root
from tests.support.planted_directory import DECOY, PlantedDirectory
from tests.support.secured_slapd import SecuredSlapd
from tests.support.slapd_server import QUICK_HASH, SlapdServer

MAX_SECONDS = 10
WRITTEN_BY_A_FAILURE = {"pwdFailureTime", "entryCSN", "modifyTimestamp", "modifiersName"}
ROOT = "gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth"
CONFIG = "olcDatabase={0}config,cn=config"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    academy = SlapdServer(tmp_path_factory.mktemp("whole") / "state")
    for number in range(1, 4):
        academy.add_person(f"fdurand{number}", departmentNumber="rectorat")
    yield PlantedDirectory(
        academy,
        directory={"min_refusal_seconds": 0.75},
        people={"protected_groups": ["cn=protected,ou=groups,dc=ac-example,dc=fr"]},
        workstation={"targets": {"poste": {"type": "samba_nt"}}},
    )
    academy.slapd.stop()


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """slapd with a Unix socket, whose configuration the gateway may not read."""
    academy = SecuredSlapd(tmp_path_factory.mktemp("root"), hash_cost=QUICK_HASH)
    academy.add_person("fdurand4")
    made = PlantedDirectory(academy, directory={"servers": [academy.ldapi]})
    made.take_rule(CONFIG)
    yield made
    academy.slapd.stop()


def changes(before, after):
    """DN → attributes that are not as before."""
    return {
        dn: names
        for dn in before.keys() | after.keys()
        if (
            names := {
                name
                for name in before.get(dn, {}).keys() | after.get(dn, {}).keys()
                if before.get(dn, {}).get(name) != after.get(dn, {}).get(name)
            }
        )
    }


class TestCheck:
    def test_when_it_is_over_then_one_failure_time_of_the_decoy_is_all_that_changed(self, place):
        before = place.dump()

        list(check(place.settings))

        after = place.dump()
        changed = changes(before, after)
        assert changed.keys() == {DECOY}
        assert changed[DECOY] <= WRITTEN_BY_A_FAILURE
        failures = [len(dump[DECOY].get("pwdFailureTime", [])) for dump in (before, after)]
        assert failures[1] == failures[0] + 1

    def test_when_all_is_well_then_it_takes_less_than_ten_seconds(self, place):
        started = time.monotonic()

        list(check(place.settings))

        assert time.monotonic() - started < MAX_SECONDS


class TestRoot:
    def configuration(self, place):
        return [
            one for one in check_servers(place.settings) if one.subject.endswith(("cn=config", "hash of passwords"))
        ]

    def test_when_root_may_read_the_configuration_then_it_is_verified(self, secured):
        secured.put_rule(f"to * by dn.exact={ROOT} manage by * break", CONFIG)

        [found] = self.configuration(secured)

        secured.take_rule(CONFIG)
        assert found.level is Level.OK
        assert "{ARGON2}" in found.message

    def test_when_root_may_not_then_it_is_not_verified(self, secured):
        [found] = self.configuration(secured)

        assert found.level is Level.WARN
        assert "47-configuration.ldif" in found.hint

    @pytest.mark.parametrize("url", ["ldap://192.0.2.1", "ldap://127.0.0.1:9", "ldapi://%2Fnowhere"])
    def test_when_the_server_is_not_on_this_machine_then_root_is_not_tried(self, url):
        assert connect_as_root(url) is None
