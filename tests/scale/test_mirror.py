"""Two slapd that copy each other: who is asked, and what people see while one of them lags behind."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from gateway.app import create_app
from gateway.checks import replication
from gateway.checks.finding import Level
from gateway.checks.servers import check_servers
from gateway.composition.web import build_gateway
from gateway.directory.failover import LdapServers
from gateway.directory.pool import ConnectionPool
from gateway.ldap import search
from tests.support.browser import Browser
from tests.support.gateway_settings import settings_for
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD

pytestmark = pytest.mark.xdist_group("mirror")
NEW, NEXT = "Nouveau-2025", "Encore-Un-2026"
INITIAL = "NUMEN"


def settings_of(pair, **directory):
    return settings_for(pair.first, directory={"servers": pair.urls, **directory}, reset={"mode": "choose"})


@pytest.fixture
def reading_the_second(pair):
    """A browser before a gateway that writes to the first server and searches on the second."""
    directory = {"servers": [pair.first.url], "read_servers": [pair.second.url]}
    gateway = build_gateway(settings_of(pair, **directory))
    yield Browser(create_app(gateway))
    gateway.close()


class TestReplica:
    def test_when_it_lags_then_searches_go_there_all_the_same(self, pair, reading_the_second):
        pair.first.add_person("fdurand4")
        pair.wait_until_same()

        with pair.cut_off(pair.second):
            pair.first.add_person("newcomer", surname="Nouvelle", given_name="Ana")
            known, unknown = reading_the_second.find("Durand", "François"), reading_the_second.find("Nouvelle", "Ana")

        assert "fdurand4" in known.main
        assert "newcomer" not in unknown.main

    def test_when_it_lags_then_people_still_see_their_own_change(self, pair, reading_the_second):
        pair.first.add_person("fdurand4", pwdReset="TRUE")
        pair.wait_until_same()
        before = reading_the_second.find("Durand", "François")

        with pair.cut_off(pair.second):
            changed = reading_the_second.change("fdurand4", PASSWORD, NEW)
            after = reading_the_second.find("Durand", "François")
            again = reading_the_second.change("fdurand4", NEW, NEXT)
            reset = reading_the_second.choose(reading_the_second.prove("fdurand4"), "Et-Encore-2027")

        assert INITIAL in before.main
        assert INITIAL not in after.main
        assert all("Mot de passe modifié" in page.main for page in (changed, again, reset))

    def test_when_it_is_down_then_searches_go_to_the_first_server(self, pair, reading_the_second):
        pair.first.add_person("fdurand4")
        pair.wait_until_same()

        pair.second.kill()

        assert "fdurand4" in reading_the_second.find("Durand", "François").main


@pytest.fixture
def servers(pair):
    """Both in order, the first one preferred, and a failed one asked again after a fifth of a second."""
    rota = LdapServers(settings_of(pair).directory, rest_seconds=0.2)
    yield rota
    rota.close()


@pytest.fixture
def impatient_servers(pair):
    """As `servers`, for a server in use that gives no answer."""
    rota = LdapServers(
        settings_of(pair, connect_timeout_seconds=1, receive_timeout_seconds=1).directory, rest_seconds=0.2
    )
    yield rota
    rota.close()


@contextmanager
def unreadable(server, trouble):
    """The server takes connections and gives no answer, or refuses each search for the moment."""
    if trouble == "it hangs":
        server.pause()
        try:
            yield
        finally:
            server.resume()
        return
    restrict = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"
    server.load(f"{restrict}add: olcRestrict\nolcRestrict: search\n", as_config=True)
    try:
        yield
    finally:
        server.load(f"{restrict}delete: olcRestrict\n", as_config=True)


class TestFailover:
    def test_when_the_first_server_comes_back_without_the_last_changes_then_it_waits_for_them(
        self, pair, servers, caplog
    ):
        pool = ConnectionPool(settings_of(pair).directory, servers, as_service=True)
        pair.first.add_person("fdurand4")
        pair.wait_until_same()
        first, second = servers.by_preference()
        with pair.cut_off(pair.first):
            pair.first.kill()
            pool.run_idempotent(lambda connection: connection.abandon(0))
            pair.second.set("fdurand4", "sn", "Durand-Petit")
            pair.first.slapd.start()
            wait_until(lambda: "answers, but lacks changes" in caplog.text)
            while_behind = servers.by_preference()[0]

        wait_until(lambda: servers.by_preference()[0] is first)

        base = settings_of(pair).people.base
        [entry] = pool.run_idempotent(lambda connection: search(connection, base, "(uid=fdurand4)", ["sn"], 2))
        pool.close()
        assert while_behind is second
        assert entry.first("sn") == "Durand-Petit"

    @pytest.mark.parametrize("trouble", ["it hangs", "it is busy"])
    def test_when_the_server_in_use_can_not_be_read_then_a_lagging_one_does_not_come_back(
        self, pair, impatient_servers, caplog, trouble
    ):
        caplog.set_level("INFO", "gateway.directory.failover")
        servers = impatient_servers
        pool = ConnectionPool(servers.settings, servers, as_service=True)
        pair.first.add_person("fdurand4")
        pair.wait_until_same()
        first, second = servers.by_preference()
        with pair.cut_off(pair.first):
            pair.first.kill()
            pool.run_idempotent(lambda connection: connection.abandon(0))
            pair.second.set("fdurand4", "sn", "Durand-Petit")
            with unreadable(pair.second, trouble):
                pair.first.slapd.start()
                wait_until(lambda: "no server is taken back" in caplog.text or "is back" in caplog.text)
                in_use = servers.by_preference()[0]

        wait_until(lambda: servers.by_preference()[0] is first)

        base = settings_of(pair).people.base
        [entry] = pool.run_idempotent(lambda connection: search(connection, base, "(uid=fdurand4)", ["sn"], 2))
        pool.close()
        assert in_use is second
        assert entry.first("sn") == "Durand-Petit"

    def test_when_both_servers_fail_then_the_one_that_answers_is_used_at_once(self, pair, servers):
        pool = ConnectionPool(settings_of(pair).directory, servers, as_service=True)
        for server in servers.by_preference():
            servers.mark_down(server)

        pool.run_idempotent(lambda connection: connection.abandon(0))

        assert not servers.by_preference()[0].is_down
        pool.close()


class TestCheck:
    def test_when_both_servers_hold_the_same_then_both_are_ok(self, pair):
        pair.first.add_person("fdurand4")

        found = [finding for finding in check_servers(settings_of(pair)) if finding.subject.endswith("replication")]

        assert [finding.level for finding in found] == [Level.OK, Level.OK]

    def test_when_one_server_receives_nothing_from_the_other_then_it_is_named(self, pair, monkeypatch):
        monkeypatch.setattr(replication, "MAX_LAG_SECONDS", 3)
        with pair.cut_off(pair.second):
            pair.first.add_person("fdurand4")
            found = [
                finding for finding in check_servers(settings_of(pair)) if finding.subject.endswith("replication")
            ]

        assert [(finding.level, finding.subject) for finding in found] == [
            (Level.OK, f"{pair.first.url}: replication"),
            (Level.WARN, f"{pair.second.url}: replication"),
        ]

    def test_when_a_replica_takes_no_writes_then_only_reading_is_tried_there(self, pair, monkeypatch):
        monkeypatch.setattr("gateway.checks.indices.SLOW_SEARCH_SECONDS", 30)
        read_only = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nreplace: olcReadOnly\nolcReadOnly: "
        pair.second.load(read_only + "TRUE\n", as_config=True)
        try:
            settings = settings_of(pair, servers=[pair.first.url], read_servers=[pair.second.url])
            found = [finding for finding in check_servers(settings) if finding.subject.startswith(pair.second.url)]
        finally:
            pair.second.load(read_only + "FALSE\n", as_config=True)

        assert {finding.level for finding in found} == {Level.OK}
        assert not any("access" in finding.subject for finding in found)
