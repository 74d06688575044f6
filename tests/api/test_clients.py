"""Who may call: nobody by default, then those whom the settings name, from where and for what they say."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import subprocess
import sys
from urllib.parse import quote

import pytest

from gateway.app import create_app
from tests.support.certificates import make_certificates

ANYBODY = {"surname": "Durand", "given_name": "Zoé", "birth_date": "1985-03-27"}


class TestApi:
    def test_when_no_client_is_named_then_it_is_not_there(self, build):
        client = create_app(build()).test_client()

        assert [client.get(f"/api/v1/{path}").status_code for path in ("policy", "openapi.json", "problems")] == [
            404
        ] * 3


class TestCaller:
    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eA=="}])
    def test_when_it_has_no_token_that_is_known_then_401_asks_for_one(self, api_client, headers):
        api_client.headers = headers

        answer = api_client.post("/find", ANYBODY)

        assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


class TestToken:
    def test_when_it_comes_from_elsewhere_then_it_is_worth_nothing(self, open_api_client):
        api_client = open_api_client(client={"addresses": ["192.0.2.0/24"]})
        assert api_client.post("/find", ANYBODY).json["code"] == "foreign_address"

        api_client.environment["REMOTE_ADDR"] = "192.0.2.77"
        assert api_client.post("/find", ANYBODY).json["code"] == "not_found"

    def test_when_its_ipv4_address_comes_in_the_form_of_ipv6_then_it_is_the_same_address(self, open_api_client):
        api_client = open_api_client(client={"addresses": ["192.0.2.10/32"]})
        api_client.environment["REMOTE_ADDR"] = "::ffff:192.0.2.10"

        assert api_client.get("/policy").status_code == 200


class TestClient:
    def test_when_it_asks_for_a_service_that_is_not_its_own_then_it_is_refused(self, open_api_client):
        api_client = open_api_client(client={"services": ["find"]})

        assert api_client.get("/policy").json["code"] == "foreign_service"
        assert api_client.post("/change", {}).json["code"] == "foreign_service"
        assert api_client.post("/find", ANYBODY).json["code"] == "not_found"


class TestCallers:
    def test_when_they_are_turned_away_then_the_audit_says_why_and_not_with_what(self, open_api_client, tmp_path):
        api_client = open_api_client(
            client={"services": ["find"]}, audit={"destination": "file", "file": tmp_path / "audit"}
        )
        api_client.get("/policy")
        api_client.headers = {"Authorization": "Bearer a-wrong-token"}
        api_client.get("/policy")

        lines = [json.loads(line) for line in (tmp_path / "audit").read_text().splitlines()]
        assert [(line["service"], line["outcome"], line["client"], line["asked"]) for line in lines] == [
            ("api", "foreign_service", "intranet", "policy"),
            ("api", "unauthenticated", "unknown", "policy"),
        ]
        assert "a-wrong-token" not in (tmp_path / "audit").read_text()


class TestAddress:
    def test_when_it_knocks_too_often_then_it_must_wait(self, open_api_client):
        api_client = open_api_client(rate_limits={"per_address": "3/minute"})
        api_client.headers = {}

        assert [api_client.get("/policy").status_code for _ in range(5)] == [401, 401, 401, 429, 429]


class TestNewToken:
    def test_when_it_is_made_then_the_settings_that_are_printed_know_it(self, open_api_client):
        command = [sys.executable, "-m", "gateway.cli.main", "api-token", "webmail"]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        token = printed.splitlines()[0].rpartition(" ")[2]
        [digest] = json.loads(next(line for line in printed.splitlines() if "sha256" in line).partition("= ")[2])
        api_client = open_api_client(client={"token_sha256": [digest]})
        api_client.headers = {"Authorization": f"Bearer {token}"}

        assert "[api.clients.webmail]" in printed
        assert api_client.get("/policy").status_code == 200


@pytest.fixture
def certificates(tmp_path):
    """An API client's certificate, and the service's own by the same authority."""
    (tmp_path / "intranet").mkdir()
    return make_certificates(tmp_path / "intranet", "127.0.0.1")


def as_nginx_writes_it(certificate):
    return quote(certificate.read_text())


def as_rfc_9440_has_it(certificate):
    return f":{base64.b64encode(der(certificate)).decode()}:"


def der(certificate):
    return ssl.PEM_cert_to_DER_cert(certificate.read_text())


def client_of(certificates):
    return {"token_sha256": [], "certificate_sha256": [hashlib.sha256(der(certificates.certificate)).hexdigest()]}


class TestCertificate:
    @pytest.mark.parametrize("written", [as_nginx_writes_it, as_rfc_9440_has_it])
    def test_when_our_proxy_hands_it_on_then_the_client_is_known(self, open_api_client, certificates, written):
        api_client = open_api_client(
            client=client_of(certificates),
            api={"certificate_header": "X-SSL-Client-Cert"},
            web={"trusted_proxies": 1},
        )
        api_client.headers = {"X-SSL-Client-Cert": written(certificates.certificate), "X-Forwarded-For": "127.0.0.9"}

        assert api_client.get("/policy").status_code == 200

    def test_when_anybody_but_our_proxy_writes_that_header_then_it_counts_for_nothing(
        self, open_api_client, certificates
    ):
        api_client = open_api_client(
            client={**client_of(certificates), "addresses": ["0.0.0.0/0"]},
            api={"certificate_header": "X-SSL-Client-Cert"},
            web={"trusted_proxies": 1},
        )
        api_client.headers = {"X-SSL-Client-Cert": as_nginx_writes_it(certificates.certificate)}
        api_client.environment["REMOTE_ADDR"] = "192.0.2.1"

        assert api_client.get("/policy").json["code"] == "unauthenticated"

    @pytest.mark.parametrize("header", ["", ":%%%:", "-----BEGIN", "%00%ff", ":"])
    def test_when_the_header_holds_none_then_the_client_is_not_known(self, open_api_client, certificates, header):
        api_client = open_api_client(
            client=client_of(certificates), api={"certificate_header": "Client-Cert"}, web={"trusted_proxies": 1}
        )
        api_client.headers = {"Client-Cert": header}

        assert api_client.get("/policy").json["code"] == "unauthenticated"
