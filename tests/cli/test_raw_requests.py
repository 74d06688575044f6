"""Requests byte by byte, as no library would send them, to `mamia serve` without a proxy."""

from __future__ import annotations

import hashlib
import re
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress

import pytest

from gateway.cli.http_worker import LINGER_SECONDS, MAX_LINGERING
from tests.support.api_token import TOKEN
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file

BODY_BYTES = 200_000
"""More than socket buffers hold, less than any request may have."""
THREADS = 4
TOO_LARGE_BYTES = 300_000
"""More than any request may have."""
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
PAGE = b"GET /assistance HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST_PAGE = b"GET /assistance HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
ASKS_AGAIN = """
import http.client, sys
line = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
while True:
    line.request("GET", "/assistance")
    answer = line.getresponse()
    assert answer.read() and answer.status == 200 and not answer.will_close
    print(end=".", flush=True)
"""
CLIENT = f"""
[api.clients.intranet]
services = ["change"]
addresses = ["127.0.0.1"]
token_sha256 = ["{hashlib.sha256(TOKEN.encode()).hexdigest()}"]
[rate_limits]
per_address = "3/day"
"""


@pytest.fixture(scope="module")
def service(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")

    def configure(port):
        return write_settings_file(folder, server, in_web=f"port = {port}\nthreads = {THREADS}", more=CLIENT)

    running = ServeProcess.on_a_free_port(configure)
    running.start()
    yield running
    running.stop()


def connect(service):
    return socket.create_connection(("127.0.0.1", service.port), timeout=AT_ONCE_SECONDS)


def answers_to(service, *parts):
    """The statuses of all answers, with the connection's end. A reset loses what was not read yet."""
    received = b""
    with connect(service) as line:
        for part in parts:
            # A client that is still sending when the other side closes for good.
            with suppress(BrokenPipeError):
                line.sendall(part)
        line.shutdown(socket.SHUT_WR)
        while chunk := line.recv(1 << 16):
            received += chunk
    return re.findall(rb"HTTP/1\.[01] (\d+)", received)


def post(path, length, *headers):
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def form_post(length, *headers):
    return post("/retrouver-mon-compte", length, FORM, *headers)


AUTHORIZED = f"Authorization: Bearer {TOKEN}"
# 303 leads a person to the page of the error.
EARLY = {
    "too large": (form_post(TOO_LARGE_BYTES, "Connection: close"), b"303"),
    "too large for a program": (
        post("/api/v1/change", TOO_LARGE_BYTES, AUTHORIZED, JSON, "Connection: close"),
        b"413",
    ),
    "another media type": (post("/api/v1/change", BODY_BYTES, AUTHORIZED, "Connection: close"), b"415"),
    "another method": (post("/assistance", BODY_BYTES, "Connection: close"), b"303"),
    "nothing there": (post("/none", BODY_BYTES, "Connection: close"), b"303"),
    "another host": (post("/none", BODY_BYTES, "Connection: close").replace(b"localhost", b"evil.example"), b"400"),
    "a broken header": (post("/none", BODY_BYTES, "a header: with a blank"), b"400"),
}


class TestAnswer:
    @pytest.mark.parametrize("case", EARLY)
    def test_when_it_comes_before_the_body_was_read_then_it_arrives_and_no_reset(self, service, case):
        head, status = EARLY[case]

        assert answers_to(service, head, b"x" * BODY_BYTES) == [status]


class TestCaller:
    def test_when_it_has_no_token_and_sends_a_body_then_401_and_429_arrive(self, service):
        head = post("/api/v1/change", BODY_BYTES, "Connection: close")

        assert [answers_to(service, head, b"x" * BODY_BYTES) for _ in range(4)] == [[b"401"]] * 3 + [[b"429"]]


class TestConnection:
    def test_when_a_body_was_not_read_then_the_next_request_on_it_is_answered(self, service):
        head = post("/none", BODY_BYTES)

        assert answers_to(service, head, b"x" * BODY_BYTES, PAGE) == [b"303", b"200"]


OTHERS, MAX_BEFORE_OTHERS = 40, 80
"""How many connections come later, and how many answers the busy ones may get meanwhile for each of them.

They get about 20. If a thread waited for a pause of its connection, they would get 200.
"""


class TestService:
    @pytest.mark.parametrize("count", [10, 3 * MAX_LINGERING])
    def test_when_clients_leave_refused_connections_open_then_it_answers_others(self, service, count):
        with ExitStack() as opened:
            for _ in range(count):
                line = opened.enter_context(connect(service))
                line.sendall(EARLY["a broken header"][0])

            assert [answers_to(service, PAGE) for _ in range(20)] == [[b"200"]] * 20

    def test_when_as_many_connections_as_threads_never_rest_then_others_need_not_wait_for_a_pause(self, service):
        with without_rest(service) as clients:
            statuses = [answers_to(service, LAST_PAGE) for _ in range(OTHERS)]
            for client in clients:
                client.kill()
            answered = sum(len(client.stdout.read()) for client in clients)

        assert statuses == [[b"200"]] * OTHERS
        assert answered < OTHERS * MAX_BEFORE_OTHERS


@contextmanager
def without_rest(service):
    """Clients, as many as there are threads, each of which asks again at once; they write a byte for each answer."""
    with ExitStack() as stack:
        clients = []
        for _ in range(THREADS):
            program = [sys.executable, "-c", ASKS_AGAIN, str(service.port)]
            clients.append(stack.enter_context(subprocess.Popen(program, stdout=subprocess.PIPE)))
            stack.callback(clients[-1].kill)
            assert clients[-1].stdout
            assert clients[-1].stdout.read(1)
        yield clients


class TestRefusedConnection:
    def test_when_it_goes_on_sending_then_it_is_cut(self, service):
        with connect(service) as line:
            line.sendall(EARLY["a broken header"][0])

            def is_cut():
                try:
                    line.sendall(b"x")
                except OSError:
                    return True
                return False

            wait_until(is_cut, LINGER_SECONDS + AT_ONCE_SECONDS)


def chunked(*headers, size=b"5"):
    """A form of the pages, which read the body."""
    lines = ["POST /retrouver-mon-compte HTTP/1.1", "Host: localhost", FORM, *headers]
    return "\r\n".join([*lines, "", ""]).encode() + size + b"\r\nhello\r\n0\r\n\r\n"


AMBIGUOUS = {
    "length and chunks": chunked("Content-Length: 5", "Transfer-Encoding: chunked"),
    "chunks and length": chunked("Transfer-Encoding: chunked", "Content-Length: 5"),
    "two lengths": form_post(5, "Content-Length: 0") + b"hello",
    "a list of lengths": form_post("5, 5") + b"hello",
    "a length with a sign": form_post("+5") + b"hello",
    "a length in other digits": form_post("٥") + b"hello",
    "an unknown coding": chunked("Transfer-Encoding: xchunked"),
    "chunks, then something else": chunked("Transfer-Encoding: chunked, identity"),
    "a blank before the colon": chunked("Transfer-Encoding : chunked"),
    "a folded header": chunked("X: y\r\n Transfer-Encoding: chunked"),
    "a hexadecimal prefix": chunked("Transfer-Encoding: chunked", size=b"0x5"),
    "a chunk's size with a sign": chunked("Transfer-Encoding: chunked", size=b"+5"),
    "a chunk's size with an underscore": chunked("Transfer-Encoding: chunked", size=b"0_5"),
}


class TestRequest:
    @pytest.mark.parametrize("case", AMBIGUOUS)
    def test_when_its_end_is_ambiguous_then_it_is_refused_and_nothing_after_it_is_read(self, service, case):
        answers = answers_to(service, AMBIGUOUS[case], PAGE)

        assert answers in ([b"400"], [b"501"], [b"303"])

    @pytest.mark.parametrize(
        "head",
        [b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.0\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n"],
        ids=["none", "none in HTTP/1.0", "two"],
    )
    def test_when_it_does_not_name_one_host_then_it_is_refused(self, service, head):
        assert answers_to(service, head + b"\r\n") == [b"400"]
