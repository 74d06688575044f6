"""Mistakes with the SMS gateway and the service for stolen passwords, each planted in a real HTTP server."""

from __future__ import annotations

from contextlib import ExitStack
from typing import ClassVar
from urllib.parse import urlsplit

import pytest

from gateway.checks.finding import Level
from gateway.checks.http_services import check_http_services
from tests.support.certificates import make_certificates, make_old_certificates
from tests.support.http_server import QuietHandler, serving
from tests.support.planted_machine import PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.ports import free_port
from tests.support.site_certificates import make_chain
from tests.support.tls_proxy import tls_proxy

SMS, PWNED = "second_factor.sms_gateway_url", "password.pwned_url"
TOKEN = "Token-2026"


class Services(QuietHandler):
    """Both services: an SMS gateway that wants TOKEN at /sms, and ranges of hashes at /range."""

    asked: ClassVar[list[str]] = []

    def do_OPTIONS(self):
        self.asked.append(self.command)
        if self.path == "/moved":
            self._answer(301, location="/sms")
        elif self.path == "/broken":
            self._answer(503)
        else:
            self._answer(405 if self.headers["Authorization"] == f"Bearer {TOKEN}" else 401)

    def do_POST(self):
        self.asked.append(self.command)
        self._answer(200)

    def do_GET(self):
        if self.path.startswith("/range/"):
            self._answer(200, b"0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n")
        elif self.path.startswith("/page"):
            self._answer(200, b"<!DOCTYPE html>\n")
        else:
            self._answer(404)

    def _answer(self, status, text=b"", **headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)


class PlantedServices(PlantedMachine):
    def __init__(self, folder, address):
        self.address = address
        codes = {"sms_gateway_url": f"{address}/sms", "sms_gateway_token": TOKEN}
        super().__init__(folder, second_factor=codes, password={"pwned_url": f"{address}/range"})

    def sms(self, path="/sms", **values):
        self.set("second_factor", **{"sms_gateway_url": self.address + path, **values})

    def pwned(self, url):
        self.set("password", pwned_url=url)

    def codes_by_phone(self):
        self.set("second_factor", methods=["phone"])
        self.set("people", phone="mobile")

    def secured(self, made):
        stack = ExitStack()
        port = stack.enter_context(tls_proxy(made, urlsplit(self.address).port))
        self.later(stack.close)
        self.environment.setenv("SSL_CERT_FILE", str(made.authority))
        self.sms(sms_gateway_url=f"https://localhost:{port}/sms")


def services(place):
    return check_http_services(place.settings)


def down(place, **values):
    place.sms(sms_gateway_url=f"http://127.0.0.1:{free_port()}/sms", **values)


def proxy(place, address):
    place.secured(make_certificates(place.made("tls"), "localhost"))
    place.environment.setenv("https_proxy", address)


def sms_mistake(name, path, message, hint):
    return Mistake(
        name=name,
        plant=lambda place: place.sms(path),
        level=Level.WARN,
        subject=SMS,
        message=[message],
        hint=[hint],
        fix=lambda place: place.sms(),
        check=services,
    )


MISTAKES = (
    Mistake(
        name="SMS gateway stopped",
        plant=down,
        level=Level.WARN,
        subject=SMS,
        message=["no program listens"],
        hint=[SMS, "correct the port"],
        fix=lambda place: place.sms(),
        check=services,
    ),
    Mistake(
        name="SMS gateway stopped, and codes go there",
        plant=lambda place: (place.codes_by_phone(), down(place)),
        subject=SMS,
        message=["can't reset their password"],
        hint=[SMS],
        fix=lambda place: place.sms(),
        check=services,
    ),
    Mistake(
        name="SMS gateway unknown",
        plant=lambda place: place.sms(sms_gateway_url="https://sms.invalid/"),
        level=Level.WARN,
        subject=SMS,
        message=["sms.invalid is unknown"],
        hint=["correct the name"],
        fix=lambda place: place.sms(),
        check=services,
    ),
    Mistake(
        name="token refused",
        plant=lambda place: place.sms(sms_gateway_token="another"),
        level=Level.WARN,
        subject=SMS,
        message=["refuses the token (401)"],
        hint=["sms_gateway_token_file"],
        fix=lambda place: place.sms(sms_gateway_token=TOKEN),
        check=services,
    ),
    Mistake(
        name="token missing",
        plant=lambda place: place.sms(sms_gateway_token=None),
        level=Level.WARN,
        subject=SMS,
        message=["asks for a token"],
        hint=["sms_gateway_token_file"],
        fix=lambda place: place.sms(sms_gateway_token=TOKEN),
        check=services,
    ),
    sms_mistake("SMS gateway redirects", "/moved", "redirects are not followed", "the address to which it redirects"),
    sms_mistake("SMS gateway out of order", "/broken", "out of order (503)", "ask its provider"),
    Mistake(
        name="SMS gateway without TLS",
        plant=lambda place: place.sms(sms_gateway_url=place.address.replace("http:", "https:")),
        level=Level.WARN,
        subject=SMS,
        message=["answers without TLS"],
        hint=["at which it speaks TLS"],
        fix=lambda place: place.secured(make_certificates(place.made("tls"), "localhost")),
        check=services,
    ),
    Mistake(
        name="SMS gateway's certificate expired",
        plant=lambda place: place.secured(make_chain(place.made("tls"), "localhost", days=-1)),
        subject=SMS,
        message=["certificate has expired"],
        hint=["renew the certificate on that server"],
        fix=lambda place: place.secured(make_certificates(place.made("new"), "localhost")),
        check=services,
    ),
    Mistake(
        name="SMS gateway's certificate of an old authority",
        plant=lambda place: place.secured(make_old_certificates(place.made("tls"), "localhost")),
        subject=SMS,
        message=["RFC 5280"],
        hint=["sms_gateway_tls_strict = false"],
        fix=lambda place: place.set("second_factor", sms_gateway_tls_strict=False),
        check=services,
    ),
    Mistake(
        name="HTTPS proxy stopped",
        plant=lambda place: proxy(place, f"http://127.0.0.1:{free_port()}"),
        level=Level.WARN,
        subject="https_proxy",
        message=["no program listens"],
        hint=["correct https_proxy"],
        fix=lambda place: place.environment.setenv("https_proxy", place.address),
        check=services,
    ),
    Mistake(
        name="stolen passwords unreachable",
        plant=lambda place: place.pwned(f"http://127.0.0.1:{free_port()}/range"),
        level=Level.WARN,
        subject=PWNED,
        message=["stolen passwords are accepted"],
        hint=[PWNED],
        fix=lambda place: place.pwned(f"{place.address}/range"),
        check=services,
    ),
    Mistake(
        name="stolen passwords at another path",
        plant=lambda place: place.pwned(f"{place.address}/passwords"),
        level=Level.WARN,
        subject=PWNED,
        message=["answers 404"],
        hint=["the address before the five digits"],
        fix=lambda place: place.pwned(f"{place.address}/range/"),
        check=services,
    ),
    Mistake(
        name="stolen passwords are a page",
        plant=lambda place: place.pwned(f"{place.address}/page"),
        level=Level.WARN,
        subject=PWNED,
        message=["something else than hashes"],
        hint=["the range protocol"],
        fix=lambda place: place.pwned(f"{place.address}/range"),
        check=services,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder):
    with serving(Services) as address:
        yield PlantedServices(folder, address)


def test_when_nothing_is_wrong_then_nothing_is_found_and_no_message_is_sent(place):
    Services.asked.clear()

    assert problems(services(place)) == []
    assert Services.asked == ["OPTIONS"]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
