"""A real Prometheus scrapes a real service: each alert fires when its fault is there, and each panel has data."""

from __future__ import annotations

import json
import math
import time
from string import Template

import pytest

from tests.support.alert_faults import FAULTS
from tests.support.browser import FIND, RESET
from tests.support.polling import wait_until
from tests.support.prometheus import RULES
from tests.support.slapd_server import PASSWORD
from tests.support.watched_site import LOGINS, NEW, WatchedSite

pytestmark = pytest.mark.install
DASHBOARD = json.loads(RULES.with_name("grafana-dashboard.json").read_text())
VARIABLES = {variable["name"]: variable["query"] for variable in DASHBOARD["templating"]["list"]}
"""What a reader of the dashboard can choose, with the choice that Grafana begins with."""
EXPRESSIONS = [
    Template(target["expr"]).substitute(VARIABLES) for panel in DASHBOARD["panels"] for target in panel["targets"]
]


@pytest.fixture(scope="module")
def site(tmp_path_factory, kdc):
    watched = WatchedSite(tmp_path_factory.mktemp("watched"), kdc)
    try:
        watched.start()
        yield watched
    finally:
        watched.close()


@pytest.fixture(scope="module")
def used_site(site):
    """A site on which people found, reset and changed, with and without success."""
    use(site)
    # The time of requests is counted from the first request of its kind on: Prometheus sees the next ones.
    wait_until(lambda: site.prometheus.query('mamia_request_seconds_count{method="POST"}'))
    use(site)
    return site


def use(site) -> None:
    for proof in ("12E8534567ABC", "12E0000000XYZ"):
        site.send(RESET, login=LOGINS[4], proof=proof, birth_date="27/03/1985")
    site.send(FIND, surname="Durand", given_name="François", birth_date="27/03/1985")
    site.change(LOGINS[5], "wrong", NEW)
    site.change(LOGINS[6], PASSWORD, NEW)


class TestDashboard:
    @pytest.mark.parametrize("expression", EXPRESSIONS)
    def test_when_the_services_are_used_then_every_expression_has_a_number(self, used_site, expression):
        def numbers() -> list[float]:
            return [float(series["value"][1]) for series in used_site.prometheus.query(expression)]

        wait_until(lambda: (found := numbers()) and all(map(math.isfinite, found)), seconds=60)


class TestAlert:
    @pytest.mark.parametrize("name", FAULTS)
    def test_when_its_fault_is_there_then_it_fires_and_it_ends_with_the_fault(self, site, name, record_property):
        wait_until(lambda: name not in site.prometheus.firing())
        began = time.monotonic()

        def fires() -> bool:
            again()
            return name in site.prometheus.firing()

        with FAULTS[name](site) as again:
            wait_until(fires)
            record_property(name, round(time.monotonic() - began, 1))

        wait_until(lambda: name not in site.prometheus.firing())
