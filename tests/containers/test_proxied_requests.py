"""Refusals that come early, and requests that two servers could read differently, through our nginx."""

from __future__ import annotations

import re
import socket
import ssl
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from tests.support.api_token import TOKEN
from tests.support.browser import FIND
from tests.support.matching import first_match
from tests.support.nginx_proxy import Proxy
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file

BODY = b"x" * 200_000
"""As much as nginx passes on, and more than it holds in memory."""
TIMES = 20
HIDDEN = b"DELETE /assistance HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""Nobody else sends this one."""


class TestAnswer:
    @pytest.mark.parametrize(
        "path, headers, status",
        [
            ("/none", {}, 404),
            ("/assistance", {}, 405),
            ("/api/v1/change", {}, 401),
            ("/api/v1/change", {"Authorization": "Bearer TOKEN"}, 415),
            (FIND, {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        ],
        ids=["no such page", "another method", "no token", "another media type", "no csrf token"],
    )
    def test_when_it_comes_before_the_body_was_read_then_the_proxy_hands_it_on(
        self, site, proxy, front_end, path, headers, status
    ):
        headers = {name: value.replace("TOKEN", TOKEN) for name, value in headers.items()}

        answers = [site.post(proxy.address + path, data=BODY, headers=headers, timeout=60) for _ in range(TIMES)]

        assert {answer.status_code for answer in answers} == {status}

    def test_when_the_body_is_too_large_then_the_proxy_says_so_itself(self, site, proxy):
        answer = site.post(proxy.address + FIND, data=b"x" * 1_000_000, timeout=60)

        assert answer.status_code == 413


def answers_through(proxy, sent):
    """The statuses of all answers on one connection."""
    context, received = ssl.create_default_context(cafile=proxy.authority), b""
    with (
        socket.create_connection(("127.0.0.1", proxy.port), timeout=AT_ONCE_SECONDS) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as line,
    ):
        line.sendall(sent)
        with suppress(ConnectionResetError, ssl.SSLError):
            while chunk := line.recv(1 << 16):
                received += chunk
    return re.findall(rb"HTTP/1\.[01] (\d+)", received)


FRAMINGS = {
    "chunks": b"Transfer-Encoding: chunked",
    "chunks after a blank": b"Transfer-Encoding : chunked",
    "chunks after a vertical tab": b"Transfer-Encoding:\x0bchunked",
    "chunks after another coding": b"Transfer-Encoding: identity, chunked",
    "a coding that is unknown": b"Transfer-Encoding: xchunked",
    "chunks with an underscore": b"Transfer_Encoding: chunked",
    "chunks in a folded header": b"X: y\r\n Transfer-Encoding: chunked",
    "chunks after a bare line feed": b"X: y\nTransfer-Encoding: chunked",
    "a second length": b"Content-Length: 0",
    "a second length with an underscore": b"Content_Length: 0",
    "a second length in a folded header": b"X: y\r\n Content-Length: 0",
}


class TestRequest:
    @pytest.mark.parametrize("framing", FRAMINGS)
    def test_when_another_one_is_hidden_in_its_body_then_the_service_never_sees_that_one(
        self, site, proxy, front_end, framing
    ):
        body = b"0\r\n\r\n" + HIDDEN
        head = f"POST {FIND} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"

        answers = answers_through(proxy, head.encode() + FRAMINGS[framing] + b"\r\n\r\n" + body)
        pages = [site.get(proxy.address + "/assistance", timeout=60) for _ in range(TIMES)]

        assert len(answers) <= 1
        assert {page.status_code for page in pages} == {200}
        assert "DELETE" not in front_end.log.read_text()

    @pytest.mark.parametrize("hosts", [b"", b"Host: localhost\r\nHost: evil.example\r\n", b"Host: evil.example\r\n"])
    def test_when_it_does_not_name_our_host_alone_then_it_is_refused(self, site, proxy, hosts):
        assert answers_through(proxy, b"GET / HTTP/1.1\r\nConnection: close\r\n" + hosts + b"\r\n") == [b"400"]


class TestService:
    def test_when_it_listens_on_a_socket_then_the_proxy_reaches_it_and_hands_on_the_address(
        self, directory, redis, tmp_path
    ):
        # pytest's own would be too long for a socket.
        with tempfile.TemporaryDirectory(prefix="w-") as short:
            path, audit = Path(short) / "web.sock", tmp_path / "audit.log"
            in_web = f'socket = "{path}"\ntrusted_proxies = 1'
            kept = f'[rate_limits]\nstore = "{redis.url}"\n[audit]\ndestination = "file"\nfile = "{audit}"\n'
            more = f"{kept}[captcha]\nrequired = []\n"
            proxy = Proxy(tmp_path, [f"unix:{path}"])
            service = OnASocket(write_settings_file(tmp_path, directory, in_web=in_web, more=more), 0, proxy=proxy)
            proxy.start()
            try:
                service.start()
                with requests.Session() as session:
                    session.trust_env, session.verify = False, proxy.authority
                    # Each process of nginx leaves the service alone for some seconds after it could not be reached.
                    wait_until(lambda: session.get(proxy.address + FIND, timeout=60).ok)
                    page = session.get(proxy.address + FIND, timeout=60)
                    token = first_match(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
                    typed = {
                        "surname": "Durand",
                        "given_name": "Ana",
                        "birth_date": "27/03/1985",
                        "csrf_token": token,
                    }
                    session.post(
                        proxy.address + FIND, data=typed, headers={"Referer": proxy.address + FIND}, timeout=60
                    )
            finally:
                service.stop()
                proxy.stop()

            assert '"address": "127.0.0.1"' in audit.read_text()
            wait_until(lambda: not path.exists())


@dataclass
class OnASocket(ServeProcess):
    """Reached through its proxy alone."""

    proxy: Proxy = field(kw_only=True)

    def _is_ready(self) -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(self.proxy.address + "/health/ready", timeout=60, verify=self.proxy.authority).ok
        return False
