"""The stack of docker/compose.yaml under Debian 13's Docker with Compose, and under its podman with podman-compose.

Base images are stand-ins (make-stand-ins). What does not differ from engine to engine is in test_stack.py.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.support.container_stack import SERVICES, ContainerStack
from tests.support.container_visitor import LIMITED, visitor
from tests.support.debian13_engines import ADDRESSES, DOCKER, PODMAN5, debian13
from tests.support.polling import wait_until
from tests.support.visitor_network import IPV4, IPV6, UNKNOWN, found_by, visitor_network

pytestmark = [pytest.mark.install, pytest.mark.xdist_group("containers")]
LOGIN, NUMEN, BIRTH_DATE = "fdurand", "12E8534567ABC", "27/03/1985"
FIRST, SECOND = "Premier-Pw-2025!", "Deuxieme-Pw-2026!"
DOMAIN = ("dc1.ad.example.test", "192.0.2.77")
"""No domain controller is there."""


@pytest.fixture(scope="module", params=[DOCKER, PODMAN5], ids=["Docker", "podman"])
def stack(request):
    """Started as a new user starts it, with invented people."""
    with (
        tempfile.TemporaryDirectory(prefix="engines-", ignore_cleanup_errors=True) as folder,
        debian13(Path(folder), request.param),
    ):
        made = ContainerStack(Path(folder), *DOMAIN, request.param)
        made.first_start("--sample")
        yield made


@pytest.fixture
def healthy(stack):
    stack.wait_until_healthy()
    yield stack
    stack.wait_until_healthy()


@pytest.fixture
def site(healthy):
    return visitor(healthy.engine.host, healthy.port, healthy.certificate)


@pytest.fixture(scope="module")
def visitors():
    with visitor_network():
        yield


class TestFirstStart:
    def test_when_it_ends_then_all_is_healthy_and_people_are_there(self, healthy):
        assert "6 created" in healthy.printed
        assert {healthy.inspect(name)["State"]["Status"] for name in SERVICES} == {"running"}

    def test_when_it_runs_again_then_nothing_that_is_there_is_overwritten(self, healthy):
        before = healthy.secrets()

        printed = healthy.first_start("--sample")

        assert healthy.secrets() == before
        assert "0 created" in printed


class TestUpgrade:
    def test_when_an_image_was_built_anew_then_first_start_replaces_its_containers(self, healthy):
        before = {name: healthy.inspect(name)["Id"] for name in SERVICES}
        healthy.change_image()

        healthy.first_start()

        replaced = {name for name in SERVICES if healthy.inspect(name)["Id"] != before[name]}
        # podman takes a container away together with those that depend on it.
        assert replaced - {"directory"} == {"web1", "web2", "worker", "listener"}

    def test_when_one_web_service_after_the_other_is_replaced_then_the_site_is_always_served(self, healthy, site):
        before = {name: healthy.inspect(name)["Id"] for name in SERVICES}

        with visited_all_the_time(site) as statuses:
            for name in ("web1", "web2"):
                healthy.compose("up", "-d", "--no-deps", "--force-recreate", name)
                healthy.wait_until_healthy()

        assert set(statuses) == {200}
        assert {name for name in SERVICES if healthy.inspect(name)["Id"] != before[name]} == {"web1", "web2"}


@contextmanager
def visited_all_the_time(site):
    """Somebody opens one page after the other within this context; yields the status of each answer."""
    statuses, is_over = [], Event()

    def visit():
        while not is_over.is_set():
            statuses.append(site.status_of("/"))

    with ThreadPoolExecutor(1) as pool:
        visits = pool.submit(visit)
        try:
            yield statuses
        finally:
            is_over.set()
        visits.result()


class TestServices:
    def test_when_a_person_finds_resets_and_changes_then_each_succeeds(self, healthy, site):
        found = site.find("Durand", "François", BIRTH_DATE)
        reset = site.reset(LOGIN, NUMEN, BIRTH_DATE, FIRST)
        changed = site.change(LOGIN, FIRST, SECOND)

        assert LOGIN in found.main
        assert "/resultat/" in reset.path, reset.text
        assert "/resultat/" in changed.path, changed.text
        outcomes = {(line["service"], line["outcome"]) for line in healthy.audit_lines()}
        assert {("find", "found"), ("reset", "proved"), ("change", "changed")} <= outcomes

    def test_when_all_is_made_again_then_nothing_is_lost(self, healthy, site):
        before = healthy.audit()

        healthy.compose("down")
        healthy.compose("up", "-d")
        healthy.wait_until_healthy()
        wait_until(lambda: site.status_of("/") == 200)

        assert healthy.audit().startswith(before)
        assert LOGIN in site.find("Durand", "François", BIRTH_DATE).main


@pytest.mark.usefixtures("visitors")
@pytest.mark.parametrize(("family", "host"), [(IPV4, ADDRESSES[0]), (IPV6, ADDRESSES[1])], ids=["IPv4", "IPv6"])
class TestVisitors:
    def test_when_one_is_over_the_limit_then_another_one_still_finds(self, healthy, family, host):
        greedy, other = family.visitors
        place = (host, healthy.port, healthy.certificate)

        assert found_by(greedy, *place, *UNKNOWN)[-1] == LIMITED
        assert found_by(other, *place, "Durand") == [200]
        assert found_by(greedy, *place, "Durand") == [LIMITED]
        assert {greedy, other} <= {line["address"] for line in healthy.audit_lines()}
