"""Connections: verified, pooled, replaced when they die, failing over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date

import pytest

from gateway.account.errors import DirectoryUnavailable
from gateway.account.find import find_account
from gateway.account.model import FindRequest
from gateway.account.outcomes import Found
from gateway.composition.web import build_gateway
from gateway.directory.connection import connect
from gateway.directory.failover import LdapServers
from gateway.directory.pool import ConnectionPool
from gateway.ldap import close
from tests.support.gateway_settings import IMPATIENT, settings_for
from tests.support.ports import free_port
from tests.support.secured_slapd import SecuredSlapd
from tests.support.slapd_server import QUICK_HASH

DURAND = FindRequest("Durand", "François", date(1985, 3, 27))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredSlapd]:
    """A slapd that speaks TLS too, with a certificate for localhost but not for 127.0.0.1, and a Unix socket."""
    academy = SecuredSlapd(tmp_path_factory.mktemp("tls"), hash_cost=QUICK_HASH)
    academy.add_person("fdurand4")
    yield academy
    academy.slapd.stop()


def find_durand(gateway):
    return find_account(DURAND, people=gateway.directory.people, uniform=gateway.services.find.uniform)


def finds_durand(academy, **directory) -> bool:
    gateway = build_gateway(settings_for(academy, directory=directory))
    try:
        return isinstance(find_durand(gateway), Found)
    finally:
        gateway.close()


class TestLdaps:
    def test_when_the_certificate_is_good_then_people_are_found(self, secured):
        assert finds_durand(secured, servers=[secured.ldaps], ca_file=secured.authority)


class TestStartTls:
    def test_when_the_certificate_is_good_then_people_are_found(self, secured):
        url = secured.url.replace("127.0.0.1", "localhost")

        assert finds_durand(secured, servers=[url], start_tls=True, ca_file=secured.authority)


class TestLdapi:
    def test_when_the_socket_is_there_then_people_are_found(self, secured):
        assert finds_durand(secured, servers=[secured.ldapi])

    def test_when_the_servers_need_start_tls_then_the_listeners_socket_is_used_without(self, secured):
        server = secured.url.replace("127.0.0.1", "localhost")
        directory = {"servers": [server], "start_tls": True, "ca_file": secured.authority}

        connection = connect(secured.ldapi, settings_for(secured, directory=directory).directory, as_service=True)

        assert connection.bound
        close(connection)


class TestTls:
    @pytest.mark.parametrize("start_tls", [False, True])
    def test_when_nobody_vouches_for_the_certificate_then_nothing_is_sent(self, secured, start_tls):
        server = secured.url.replace("127.0.0.1", "localhost") if start_tls else secured.ldaps

        with pytest.raises(DirectoryUnavailable, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
            finds_durand(secured, servers=[server], start_tls=start_tls)

    @pytest.mark.parametrize("start_tls", [False, True])
    def test_when_the_certificate_is_for_another_name_then_nothing_is_sent(self, secured, start_tls):
        server = secured.url if start_tls else secured.ldaps.replace("localhost", "127.0.0.1")

        with pytest.raises(DirectoryUnavailable):
            finds_durand(secured, servers=[server], start_tls=start_tls, ca_file=secured.authority)


class TestConnection:
    def test_when_slapd_was_restarted_then_nobody_notices(self, directory, gateway):
        directory.add_person("fdurand4")
        find_durand(gateway)

        directory.restart()

        assert isinstance(find_durand(gateway), Found)

    def test_when_slapd_was_restarted_then_a_change_goes_through_at_once(self, directory, browser):
        directory.add_person("fdurand4")
        browser.change("fdurand4", "Ancien-2024", "Nouveau-2025")

        directory.restart()

        browser.change("fdurand4", "Nouveau-2025", "Encore-Un-2026")
        assert directory.binds("fdurand4", "Encore-Un-2026")


class TestDirectory:
    def test_when_every_server_hangs_then_it_is_unavailable_after_the_time_limit(self, directory, build):
        gateway = build(directory=IMPATIENT)
        directory.pause()
        try:
            with pytest.raises(DirectoryUnavailable):
                find_durand(gateway)
        finally:
            directory.resume()

    def test_when_it_is_down_at_start_then_it_serves_as_soon_as_it_is_up(self, directory, build):
        directory.add_person("fdurand4")
        directory.kill()
        gateway = build()
        with pytest.raises(DirectoryUnavailable):
            find_durand(gateway)

        directory.slapd.start()

        assert isinstance(find_durand(gateway), Found)

    def test_when_the_gateways_own_password_is_wrong_then_nobody_reads_that_theirs_is(self, directory):
        with pytest.raises(DirectoryUnavailable, match="service account"):
            finds_durand(directory, bind_password="wrong")


@pytest.fixture
def one_password(directory, secured):
    """The gateway's account has the second server's password on both."""
    account, own = "cn=gateway,ou=services,dc=ac-example,dc=fr", secured.slapd.password("gateway")
    with secured.as_admin() as line:
        line.passwd_s(account, None, directory.slapd.password("gateway"))
    yield
    with secured.as_admin() as line:
        line.passwd_s(account, None, own)


class TestPool:
    def test_when_more_ask_than_it_has_connections_then_all_are_served(self, directory, build):
        directory.add_person("fdurand4")
        gateway = build(directory={"pool_size": 2})
        outcomes: list[object] = []
        threads = [threading.Thread(target=lambda: outcomes.append(find_durand(gateway))) for _ in range(20)]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(outcomes) == 20
        assert all(isinstance(outcome, Found) for outcome in outcomes)

    def test_when_it_is_closed_while_a_question_is_under_way_then_that_connection_is_closed_too(self, directory):
        settings = settings_for(directory).directory
        pool = ConnectionPool(settings, LdapServers(settings), as_service=True)

        def ask(connection):
            pool.close()
            return connection

        assert pool.run_idempotent(ask).closed


class TestFailover:
    def test_when_the_first_server_is_down_then_the_second_one_answers(self, directory):
        directory.add_person("fdurand4")

        assert finds_durand(directory, servers=[f"ldap://127.0.0.1:{free_port()}", directory.url])

    def test_when_the_first_server_hangs_then_the_second_one_answers(self, directory, secured):
        directory.add_person("fdurand4")
        secured.pause()
        try:
            # One password for the gateway's account on both.
            with directory.as_admin() as line:
                line.passwd_s("cn=gateway,ou=services,dc=ac-example,dc=fr", None, secured.slapd.password("gateway"))
            assert finds_durand(
                directory,
                servers=[secured.url, directory.url],
                bind_password=secured.slapd.password("gateway"),
                **IMPATIENT,
            )
        finally:
            secured.resume()
            with directory.as_admin() as line:
                line.passwd_s("cn=gateway,ou=services,dc=ac-example,dc=fr", None, directory.slapd.password("gateway"))

    def test_when_the_first_server_takes_no_writes_then_the_second_one_gets_them(
        self, directory, secured, one_password, open_browser
    ):
        """As a replica answers, or a server that is being fixed."""
        directory.add_person("fdurand4")
        read_only = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nreplace: olcReadOnly\nolcReadOnly: "
        secured.load(read_only + "TRUE\n", as_config=True)
        try:
            page = open_browser(directory={"servers": [secured.url, directory.url]}).change(
                "fdurand4", "Ancien-2024", "Nouveau-2025"
            )
        finally:
            secured.load(read_only + "FALSE\n", as_config=True)

        assert "Mot de passe modifié" in page.main
        assert directory.binds("fdurand4", "Nouveau-2025")
        assert secured.binds("fdurand4", "Ancien-2024")


class TestRights:
    def test_when_the_gateway_may_not_write_then_the_page_asks_to_ring_and_not_to_retry(
        self, directory, open_browser, caplog
    ):
        directory.add_person("fdurand4")
        sync = {
            "bind_dn": "cn=sync,ou=services,dc=ac-example,dc=fr",
            "bind_password": directory.slapd.password("sync"),
        }

        page = open_browser(directory=sync).prove("fdurand4")

        assert page.status == 503
        assert "appelez l’assistance en donnant la référence" in page.main
        assert "may not compare" in caplog.text
