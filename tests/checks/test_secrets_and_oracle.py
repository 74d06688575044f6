"""What `mamia check` finds of readable secrets and of slapd's password oracle."""

from __future__ import annotations

import pytest
from academys_rules import DEBIANS_RULES, academys_rules
from conftest import settings_for
from directory_server import PASSWORD, PEOPLE, QUICK_HASH, AcademyDirectory
from upgraded_directory import DirectoryBefore, UpgradedDirectory

from gateway.checks.finding import Level
from gateway.checks.ordinary_person import check_ordinary_person
from gateway.checks.password_oracle import check_password_oracle
from gateway.checks.secret_attributes import check_secrets
from gateway.checks.servers import check_servers

HASH = "0123456789ABCDEF0123456789ABCDEF"
CLASSES = ["inetOrgPerson", "posixAccount", "mamiaPerson", "sambaSamAccount"]
UNIX = {"uidNumber": "1000", "gidNumber": "1000", "homeDirectory": "/", "sambaSID": "S-1-5-21-1-1000"}


@pytest.fixture(scope="module", params=[DirectoryBefore, UpgradedDirectory, AcademyDirectory])
def debian(request, tmp_path_factory):
    """A directory on Debian's rules, with ours of each version, and two people."""
    academy = request.param(tmp_path_factory.mktemp("debian") / "state", hash_cost=QUICK_HASH)
    academy.add_person("attacker")
    academy.add_person("victim", objectClass=CLASSES, **UNIX, sambaNTPassword=HASH, mobile="+33600000000")
    academy.set("victim", "pwdReset", "TRUE")
    with academys_rules(academy, *DEBIANS_RULES):
        yield academy
    academy.slapd.stop()


def is_before(academy):
    return type(academy) is DirectoryBefore


def test_secrets_when_anybody_can_read_hashes_then_it_fails_and_names_the_upgrade(debian):
    [found] = check_secrets(settings_for(debian))

    if is_before(debian):
        assert found.level is Level.FAIL
        assert "sambaNTPassword" in found.finding
        assert "pwdReset" in found.finding
        assert "upgrade/35-workstation-nt.ldif" in found.mend
        assert "upgrade/30-access.ldif" in found.mend
    else:
        assert found.level is Level.OK, found


@pytest.fixture
def person_file(tmp_path):
    file = tmp_path / "person.password"
    file.write_text(PASSWORD + "\n")
    return file


def test_ordinary_person_when_hashes_can_be_read_then_it_fails(debian, person_file):
    settings = settings_for(debian)

    found = [*check_ordinary_person(settings, debian.dn("attacker"), person_file)]

    [secrets] = [finding for finding in found if finding.checked.endswith("secrets")]
    assert secrets.level is (Level.FAIL if is_before(debian) else Level.OK), secrets


def test_ordinary_person_when_nothing_asks_before_ppolicy_then_the_oracle_is_found_on_people_and_the_decoy(
    debian, person_file
):
    settings = settings_for(debian)

    found = [*check_ordinary_person(settings, debian.dn("attacker"), person_file)]

    oracles = [finding for finding in found if finding.checked.endswith("password oracle")]
    assert [finding.level for finding in oracles] == [Level.FAIL, Level.FAIL]
    assert debian.dn("victim") in oracles[1].finding


def test_ordinary_person_when_none_is_named_then_it_says_how(debian):
    [found] = check_ordinary_person(settings_for(debian), None, None)

    assert found.level is Level.OK
    assert "--person-password-file" in found.finding


@pytest.mark.parametrize(
    "people", [{"proofs": {"numen": {"attribute": "description"}}}, {"private_mail": "roomNumber"}]
)
def test_secrets_when_a_mapped_attribute_can_be_read_then_it_is_named(debian, people):
    debian.set("victim", "description", "12E8534567ABC")
    debian.set("victim", "roomNumber", "f.durand@example.org")

    [found] = check_secrets(settings_for(debian, people=people))

    assert found.level is Level.FAIL
    assert ("description" if "proofs" in people else "roomNumber") in found.finding


def test_oracle_when_nothing_asks_before_ppolicy_then_it_fails_and_names_the_file(debian):
    [found] = check_password_oracle(settings_for(debian))

    assert found.level is Level.FAIL
    assert "45-password-oracle.ldif" in found.mend


def test_rights_when_the_gateway_may_write_on_the_folder_of_people_then_it_fails_and_names_the_upgrade(debian):
    failed = [
        finding
        for finding in check_servers(settings_for(debian))
        if finding.level is Level.FAIL and f"{PEOPLE} itself" in finding.finding
    ]

    assert bool(failed) == is_before(debian)
    assert all("upgrade/30-access.ldif" in finding.mend for finding in failed)


def test_checks_when_they_are_over_then_nothing_was_changed(debian, person_file):
    settings = settings_for(debian)
    before = [debian.read(login) for login in ("attacker", "victim")]

    for check in (check_secrets, check_password_oracle):
        list(check(settings))
    list(check_ordinary_person(settings, debian.dn("attacker"), person_file))

    assert [debian.read(login) for login in ("attacker", "victim")] == before
