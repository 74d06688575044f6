"""Mistakes in password policies, each planted in a real slapd."""

from __future__ import annotations

import pytest

from gateway.checks.finding import Level
from gateway.checks.servers import check_servers
from tests.support.planted_directory import DEFAULT_POLICY, PlantedDirectory
from tests.support.planted_mistakes import Mistake, prove
from tests.support.slapd_server import QUICK_HASH, SlapdServer


def policies(place):
    return check_servers(place.settings)


MISTAKES = (
    Mistake(
        name="safe modify",
        plant=lambda place: place.change(DEFAULT_POLICY, pwdSafeModify="TRUE"),
        subject=f"policy {DEFAULT_POLICY}",
        message=["refuses every password"],
        hint=["pwdSafeModify: FALSE in that policy"],
        fix=lambda place: place.change(DEFAULT_POLICY, pwdSafeModify="FALSE"),
        check=policies,
    ),
    Mistake(
        name="minimum age",
        plant=lambda place: place.change(DEFAULT_POLICY, pwdMinAge="86400"),
        level=Level.WARN,
        subject=f"policy {DEFAULT_POLICY}",
        message=["24 hours"],
        hint=["pwdMinAge: 0 in that policy"],
        fix=lambda place: place.change(DEFAULT_POLICY, pwdMinAge="0"),
        check=policies,
    ),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    academy = SlapdServer(tmp_path_factory.mktemp("planted") / "state", hash_cost=QUICK_HASH)
    academy.add_person("fdurand4")
    yield PlantedDirectory(academy)
    academy.slapd.stop()


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
