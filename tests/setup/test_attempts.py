"""Answers as they are tried: at a server with TLS, at a mail server, at a store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from gateway.checks.finding import Level
from gateway.setup.access import Login
from gateway.setup.answers import Answers
from gateway.setup.attempts import try_mail, try_servers, try_store
from gateway.setup.directory_side import DirectorySide, NoDirectory
from gateway.setup.paths import Paths
from gateway.setup.session import Session
from gateway.tls import verifying_context
from tests.support.ports import free_port
from tests.support.secured_slapd import SecuredSlapd
from tests.support.slapd_server import QUICK_HASH


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredSlapd]:
    server = SecuredSlapd(tmp_path_factory.mktemp("secured"), hash_cost=QUICK_HASH)
    yield server
    server.slapd.stop()


def session(**sections: dict[str, Any]) -> Session:
    return Session(Paths(Path("/nowhere/mamia.toml")), Answers(sections))


class TestServers:
    def test_when_the_authority_is_right_then_it_says_how_long_the_certificate_is_valid(self, secured):
        [found] = try_servers(session(directory={"servers": [secured.ldaps], "ca_file": str(secured.authority)}))

        assert found.level is Level.OK
        assert "its certificate is trusted and valid for" in found.message
        assert "OpenLDAP" in found.message

    def test_when_the_authority_is_unknown_then_it_says_which_setting_names_it(self, secured):
        [found] = try_servers(session(directory={"servers": [secured.ldaps]}))

        assert found.level is Level.FAIL
        assert "certificate is refused" in found.message
        assert "ca_file" in found.hint

    def test_when_nobody_listens_then_it_asks_whether_slapd_is_up(self):
        [found] = try_servers(session(directory={"servers": [f"ldap://127.0.0.1:{free_port()}"]}))

        assert found.level is Level.FAIL
        assert "is slapd up there" in found.hint


class TestAdministrator:
    def login(self, secured: SecuredSlapd) -> Login:
        return Login("cn=config", SecretStr(secured.slapd.password("admin")))

    def test_when_the_certificate_is_trusted_then_the_configuration_is_read_over_the_network(self, secured):
        side = DirectorySide(secured.ldaps, self.login(secured), tls=verifying_context(secured.authority)).open()

        assert "dc=ac-example,dc=fr" in side.survey.suffixes
        side.close()

    def test_when_the_certificate_is_not_trusted_then_no_password_is_sent(self, secured):
        side = DirectorySide(secured.ldaps, self.login(secured))

        with pytest.raises(NoDirectory, match="CERTIFICATE_VERIFY_FAILED"):
            side.open()


class TestMail:
    def test_when_the_mail_server_answers_then_it_says_so(self, mail_server):
        answers = {"smtp_host": "127.0.0.1", "smtp_port": mail_server.port, "smtp_security": "none"}

        [found] = try_mail(session(notifications=answers))

        assert (found.level, "answers (none)" in found.message) == (Level.OK, True)

    def test_when_it_has_no_tls_then_it_says_that_the_setting_is_wrong(self, mail_server):
        answers = {"smtp_host": "127.0.0.1", "smtp_port": mail_server.port, "smtp_security": "starttls"}

        [found] = try_mail(session(notifications=answers))

        assert found.level is Level.FAIL

    def test_when_no_mails_are_wanted_then_nothing_is_tried(self):
        assert list(try_mail(session())) == []


class TestStore:
    def test_when_it_evicts_keys_then_it_is_reported(self, redis):
        found = list(try_store(session(rate_limits={"store": redis.url})))

        assert found[0].message.startswith("the store: ")
        assert Level.FAIL not in {one.level for one in found[:1]}
