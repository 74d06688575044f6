"""What `mamia check` finds of readable secrets and of slapd's password oracle."""

from __future__ import annotations

import pytest

from gateway.checks.finding import Level
from gateway.checks.ordinary_person import check_ordinary_person
from gateway.checks.password_oracle import check_password_oracle
from gateway.checks.secret_attributes import check_secrets
from gateway.checks.servers import check_servers
from tests.support.academy_access_rules import DEBIANS_RULES, academy_access_rules
from tests.support.gateway_settings import settings_for
from tests.support.slapd_server import PASSWORD, PEOPLE, QUICK_HASH, SlapdServer
from tests.support.upgraded_slapd import SlapdBefore, UpgradedSlapd

HASH = "0123456789ABCDEF0123456789ABCDEF"
CLASSES = ["inetOrgPerson", "posixAccount", "mamiaPerson", "sambaSamAccount"]
UNIX = {"uidNumber": "1000", "gidNumber": "1000", "homeDirectory": "/", "sambaSID": "S-1-5-21-1-1000"}


@pytest.fixture(scope="module", params=[SlapdBefore, UpgradedSlapd, SlapdServer])
def debian(request, tmp_path_factory):
    """A directory on Debian's rules, with ours of each version, and two people."""
    academy = request.param(tmp_path_factory.mktemp("debian") / "state", hash_cost=QUICK_HASH)
    academy.add_person("attacker")
    academy.add_person("victim", objectClass=CLASSES, **UNIX, sambaNTPassword=HASH, mobile="+33600000000")
    academy.set("victim", "pwdReset", "TRUE")
    with academy_access_rules(academy, *DEBIANS_RULES):
        yield academy
    academy.slapd.stop()


def is_before(academy):
    return type(academy) is SlapdBefore


@pytest.fixture
def person_file(tmp_path):
    file = tmp_path / "person.password"
    file.write_text(PASSWORD + "\n")
    return file


class TestOrdinaryPerson:
    def test_when_hashes_can_be_read_then_it_fails(self, debian, person_file):
        settings = settings_for(debian)

        found = [*check_ordinary_person(settings, debian.dn("attacker"), person_file)]

        [secrets] = [finding for finding in found if finding.subject.endswith("secrets")]
        assert secrets.level is (Level.FAIL if is_before(debian) else Level.OK), secrets

    def test_when_nothing_asks_before_ppolicy_then_the_oracle_is_found_on_people_and_the_decoy(
        self, debian, person_file
    ):
        settings = settings_for(debian)

        found = [*check_ordinary_person(settings, debian.dn("attacker"), person_file)]

        oracles = [finding for finding in found if finding.subject.endswith("password oracle")]
        assert [finding.level for finding in oracles] == [Level.FAIL, Level.FAIL]
        assert debian.dn("victim") in oracles[1].message

    def test_when_none_is_named_then_it_says_how(self, debian):
        [found] = check_ordinary_person(settings_for(debian), None, None)

        assert found.level is Level.OK
        assert "--person-password-file" in found.message


class TestSecrets:
    def test_when_a_replica_lacks_the_rules_then_it_is_named(self, debian, server):
        settings = settings_for(server, directory={"read_servers": [debian.url]})

        found = {finding.subject: finding.level for finding in check_secrets(settings)}

        assert found[f"{server.url}: secrets"] is Level.OK
        assert found[f"{debian.url}: secrets"] is (Level.FAIL if is_before(debian) else Level.OK)

    def test_when_anybody_can_read_hashes_then_it_fails_and_names_the_upgrade(self, debian):
        [found] = check_secrets(settings_for(debian))

        if is_before(debian):
            assert found.level is Level.FAIL
            assert "sambaNTPassword" in found.message
            assert "pwdReset" in found.message
            assert "upgrade/35-workstation-nt.ldif" in found.hint
            assert "upgrade/30-access.ldif" in found.hint
        else:
            assert found.level is Level.OK, found

    @pytest.mark.parametrize(
        "people", [{"proofs": {"numen": {"attribute": "description"}}}, {"private_mail": "roomNumber"}]
    )
    def test_when_a_mapped_attribute_can_be_read_then_it_is_named(self, debian, people):
        debian.set("victim", "description", "12E8534567ABC")
        debian.set("victim", "roomNumber", "f.durand@example.org")

        [found] = check_secrets(settings_for(debian, people=people))

        assert found.level is Level.FAIL
        assert ("description" if "proofs" in people else "roomNumber") in found.message


class TestOracle:
    def test_when_nothing_asks_before_ppolicy_then_it_fails_and_names_the_file(self, debian):
        [found] = check_password_oracle(settings_for(debian))

        assert found.level is Level.FAIL
        assert "45-password-oracle.ldif" in found.hint


class TestRights:
    def test_when_the_gateway_may_write_on_the_folder_of_people_then_it_fails_and_names_the_upgrade(self, debian):
        failed = [
            finding
            for finding in check_servers(settings_for(debian))
            if finding.level is Level.FAIL and f"{PEOPLE} itself" in finding.message
        ]

        assert bool(failed) == is_before(debian)
        assert all("upgrade/30-access.ldif" in finding.hint for finding in failed)


class TestChecks:
    def test_when_they_are_over_then_nothing_was_changed(self, debian, person_file):
        settings = settings_for(debian)
        before = [debian.read(login) for login in ("attacker", "victim")]

        for check in (check_secrets, check_password_oracle):
            list(check(settings))
        list(check_ordinary_person(settings, debian.dn("attacker"), person_file))

        assert [debian.read(login) for login in ("attacker", "victim")] == before
