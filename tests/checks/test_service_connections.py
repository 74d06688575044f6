"""Who uses the service accounts' passwords: what cn=Monitor, `mamia check` and /metrics tell of it."""

from __future__ import annotations

import itertools
import re
import socket
from contextlib import suppress

import ldap
import pytest

from gateway.app import create_app
from gateway.checks.finding import Level
from gateway.checks.service_connections import check_service_connections
from gateway.composition.directory_watch import DirectoryWatch
from gateway.composition.web import build_gateway
from gateway.demo.private_slapd import ldif_folder
from gateway.metrics import Metrics
from tests.support.browser import Browser
from tests.support.gateway_settings import SERVICES, settings_for
from tests.support.polling import wait_until
from tests.support.slapd_server import NUMEN, QUICK_HASH, SlapdServer

GATEWAY = f"cn=gateway,{SERVICES}"
SYNC = f"cn=sync,{SERVICES}"
HERE, ELSEWHERE = ["127.0.0.0/8"], ["192.0.2.0/24"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A directory with 46-monitor.ldif."""
    academy = SlapdServer(tmp_path_factory.mktemp("slapd") / "state", hash_cost=QUICK_HASH)
    academy.load((ldif_folder() / "46-monitor.ldif").read_text(), as_config=True)
    academy.add_person("fdurand4")
    yield academy
    academy.slapd.stop()


def watching(academy, expected=(), **sections):
    names = {"monitor": True, "expected_addresses": list(expected)}
    return settings_for(academy, directory=names, workstation={"bind_dn": SYNC}, **sections)


class TestConnections:
    def test_when_a_service_password_is_used_from_elsewhere_then_account_and_address_are_named(self, watched):
        with watched.as_service("sync"):
            [found] = check_service_connections(watching(watched, ELSEWHERE))

        assert found.level is Level.WARN
        assert "worker from 127.0.0.1" in found.message
        assert "gateway from 127.0.0.1" in found.message
        assert "new password" in found.hint

    def test_when_all_come_from_where_they_are_expected_then_that_is_ok(self, watched):
        [found] = check_service_connections(watching(watched, HERE))

        assert found.level is Level.OK

    def test_when_no_address_is_expected_then_those_that_are_there_are_reported(self, watched):
        [found] = check_service_connections(watching(watched))

        assert found.level is Level.WARN
        assert "from 127.0.0.1: not compared" in found.message

    def test_when_the_rules_are_missing_then_it_fails_and_names_the_file(self, directory):
        [found] = check_service_connections(watching(directory, HERE))

        assert found.level is Level.FAIL
        assert "46-monitor.ldif" in found.hint


class TestMonitor:
    def test_when_its_rules_are_loaded_then_nobody_else_reads_it(self, watched):
        with watched.as_service("sync") as line, watched.as_person("fdurand4") as person:
            for connection in (line, person, watched.connect()):
                with pytest.raises((ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS)):
                    connection.search_s("cn=Connections,cn=Monitor", ldap.SCOPE_ONELEVEL)

    def test_when_people_are_connected_then_the_gateway_does_not_see_them(self, watched):
        with watched.as_person("fdurand4"), watched.as_service("gateway") as line:
            found = line.search_s("cn=Connections,cn=Monitor", ldap.SCOPE_SUBTREE, attrlist=["*", "+"])

        assert "cn=gateway" in str(found)
        assert "uid=" not in str(found)


def value(browser, series):
    found = re.search(rf"^{re.escape(series)} (\S+)$", browser.client.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else None


@pytest.fixture
def browse(watched):
    built = []

    def start(expected):
        gateway = build_gateway(watching(watched, expected, metrics={"allowed_networks": HERE}))
        built.append(gateway)
        return Browser(create_app(gateway))

    yield start
    for gateway in built:
        gateway.close()


class TestMetrics:
    @pytest.mark.parametrize("expected, answer", [(HERE, "yes"), (ELSEWHERE, "no"), ([], "unknown")])
    def test_when_a_service_account_is_connected_then_they_tell_whether_its_address_is_expected(
        self, watched, browse, expected, answer
    ):
        browser = browse(expected)
        series = f'mamia_directory_service_connections{{account="worker",expected="{answer}",server="{watched.url}"}}'

        with watched.as_service("sync"):
            value(browser, series)
            wait_until(lambda: value(browser, series) is not None)

        assert value(browser, series) == 1

    def test_when_numbers_were_compared_then_the_directorys_count_grew(self, watched, browse):
        metrics = Metrics()
        watch = DirectoryWatch(watching(watched), metrics)

        def compares():
            watch.measure()
            labels = {"server": watched.url, "operation": "compare"}
            return metrics.registry().get_sample_value("mamia_directory_operations", labels)

        before = compares()

        browse(HERE).prove("fdurand4", proof=NUMEN)

        assert compares() >= before + 2
        watch.close()

    def test_when_a_server_hangs_then_they_are_read_at_once_all_the_same(self, watched):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"ldap://127.0.0.1:{silent.getsockname()[1]}"
            settings = watching(watched, HERE, metrics={"allowed_networks": HERE})
            hanging = settings.directory.model_copy(update={"servers": [url], "receive_timeout_seconds": 60})
            gateway = build_gateway(settings.model_copy(update={"directory": hanging}))
            browser = Browser(create_app(gateway))

            answers = [browser.client.get("/metrics").status_code for _ in range(3)]

        assert answers == [200] * 3
        gateway.close()


class TestWatch:
    def test_when_a_server_hangs_then_questions_do_not_pile_up(self, watched):
        """Each question is one connection; all that were put have ended when `close` returns."""
        moments = itertools.count(step=60)
        with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
            url = f"ldap://127.0.0.1:{silent.getsockname()[1]}"
            settings = watching(watched, HERE)
            hanging = settings.directory.model_copy(update={"servers": [url], "receive_timeout_seconds": 1})
            watch = DirectoryWatch(
                settings.model_copy(update={"directory": hanging}), Metrics(), lambda: next(moments)
            )

            for _ in range(10):
                watch.refresh()
            watch.close()

            silent.setblocking(False)
            questions = 0
            with suppress(BlockingIOError):
                while True:
                    silent.accept()[0].close()
                    questions += 1
        assert questions == 1
