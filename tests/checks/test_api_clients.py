"""What `mamia check` says of the API clients that may use the API."""

from __future__ import annotations

from gateway.checks.api_clients import check_api_clients
from gateway.checks.finding import Level
from tests.support.gateway_settings import settings_for

CLIENT = {"token_sha256": ["0" * 64], "services": ["roundcube", "policy"], "addresses": ["192.0.2.10"]}


def found(server, client, **sections):
    api = {"clients": {"webmail": client}} if client else {}
    return [(f.level, f.subject, f.message) for f in check_api_clients(settings_for(server, api=api, **sections))]


class TestApi:
    def test_when_no_client_is_named_then_it_says_that_it_is_off(self, server):
        assert found(server, None) == [(Level.OK, "api", "off: no client is named, and there is nothing at /api/v1/")]

    def test_when_nothing_speaks_tls_then_it_warns_that_passwords_come_in_plain_text(self, server):
        level, _, text = found(server, CLIENT, web={"listen_address": "0.0.0.0"})[0]

        assert level is Level.WARN
        assert "in plain text" in text


class TestClient:
    def test_when_it_is_as_it_should_be_then_it_says_what_it_may_do_and_from_where(self, server):
        assert found(server, CLIENT)[1:] == [
            (Level.OK, "api.clients.webmail", "roundcube, policy by token, from 192.0.2.10/32, 600/5 minutes")
        ]

    def test_when_its_token_is_good_from_everywhere_then_it_warns(self, server):
        assert found(server, {**CLIENT, "addresses": ["0.0.0.0/0"]})[1][0] is Level.WARN

    def test_when_it_has_two_tokens_then_it_warns_that_the_old_one_is_to_go(self, server):
        assert "2 tokens are good" in found(server, {**CLIENT, "token_sha256": ["0" * 64, "1" * 64]})[1][2]


class TestWebmail:
    def test_when_it_may_not_read_the_policy_then_it_warns_what_people_miss(self, server):
        assert found(server, {**CLIENT, "services": ["roundcube"]})[-1][0] is Level.WARN
