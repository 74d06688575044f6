"""Clients that send or read slowly, or keep refused connections open, before our nginx: others notice nothing."""

from __future__ import annotations

import resource
import socket
import ssl
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest
import requests

from tests.support.browser import FIND
from tests.support.matching import first_match
from tests.support.polling import AT_ONCE_SECONDS, wait_until

FEW, MANY = 16, 500
TIMES = 20
DEADLINE_SECONDS = 10
"""Of deploy/nginx/mamia.conf."""
LARGE = "/static/vendor/wordlists.json"
LARGE_BYTES = 150_000
"""At least; more than nginx holds in memory for one client."""
OPEN_FILES = 4096


@pytest.fixture
def finding(directory, site, proxy):
    """Finds an account, as often as it is called; the form is opened once."""
    directory.add_person("zdurand", surname="Durand", given_name="Zoé", birthDate="19850327")
    page = site.get(proxy.address + FIND, timeout=60)
    token = first_match(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
    typed = {"surname": "Durand", "given_name": "Zoé", "birth_date": "27/03/1985", "csrf_token": token}
    headers = {"Referer": proxy.address + FIND}

    def find():
        answer = site.post(proxy.address + FIND, data=typed, headers=headers, timeout=AT_ONCE_SECONDS)
        return "zdurand" in answer.text

    return find


@contextmanager
def clients(proxy, count, sent):
    """Connections that sent this over TLS, and send and read nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, OPEN_FILES)), hard))
    context = ssl.create_default_context(cafile=proxy.authority)
    with ExitStack() as opened:
        lines = []
        for _ in range(count):
            raw = socket.socket()
            # Else the kernel's buffers on loopback would take a large answer whole, and no reader would be slow.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1200)
            raw.settimeout(60)
            raw.connect(("127.0.0.1", proxy.port))
            line = opened.enter_context(context.wrap_socket(raw, server_hostname="localhost"))
            line.sendall(sent)
            lines.append(line)
        yield lines


@contextmanager
def slowly(act, lines):
    """Calls `act` with each connection every second, while the block runs."""
    is_over = threading.Event()

    def go_on():
        while not is_over.wait(1):
            for line in lines:
                with suppress(OSError):
                    act(line)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


HALF_A_HEAD = f"GET {FIND} HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".encode()
HALF_A_BODY = (
    f"POST {FIND} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 1000\r\n\r\nsurname="
).encode()
A_LARGE_ANSWER = f"GET {LARGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
REFUSED = f"POST {FIND} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nx=%ff".encode()
ATTACKS = {
    "half heads": (HALF_A_HEAD, lambda line: line.sendall(b"x")),
    "half bodies": (HALF_A_BODY, lambda line: line.sendall(b"x")),
    "slow readers": (A_LARGE_ANSWER, lambda line: line.recv(1)),
    "refused and left open": (REFUSED, lambda line: None),
}


class TestService:
    @pytest.mark.parametrize("count", [FEW, MANY])
    @pytest.mark.parametrize("attack", ATTACKS)
    def test_when_slow_clients_are_before_the_proxy_then_people_and_supervisor_are_answered(
        self, proxy, front_end, finding, attack, count
    ):
        sent, act = ATTACKS[attack]

        with clients(proxy, count, sent) as lines, slowly(act, lines):
            found = [finding() for _ in range(TIMES)]
            alive = [requests.get(front_end.health_address, timeout=AT_ONCE_SECONDS).ok for _ in range(TIMES)]

        assert found == [True] * TIMES
        assert alive == [True] * TIMES


class TestLargeAnswer:
    def test_when_asked_for_then_it_is_larger_than_what_the_proxy_holds_in_memory(self, site, proxy):
        """Else no reader of these tests would be slow."""
        answer = site.get(proxy.address + LARGE, headers={"Accept-Encoding": "identity"}, timeout=60)

        assert len(answer.content) > LARGE_BYTES


class TestClient:
    def test_when_it_stops_then_the_proxy_closes_its_connection_at_the_deadline(self, proxy, site):
        """Half a head, half a body, and an answer of which nothing more is read."""
        with ExitStack() as opened:
            lines = [
                line
                for sent in (HALF_A_HEAD, HALF_A_BODY, A_LARGE_ANSWER)
                for line in opened.enter_context(clients(proxy, FEW, sent))
            ]
            began = time.monotonic()
            wait_until(lambda: any(is_closed(line) for line in lines), DEADLINE_SECONDS + 3 * AT_ONCE_SECONDS)
            first = time.monotonic() - began
            wait_until(lambda: all(is_closed(line) for line in lines), DEADLINE_SECONDS + 3 * AT_ONCE_SECONDS)

        assert first > DEADLINE_SECONDS / 2, "an honest client on a slow line has some time"

    def test_when_it_never_begins_with_tls_then_the_proxy_closes_its_connection_at_the_deadline(self, proxy, site):
        patience = DEADLINE_SECONDS + 3 * AT_ONCE_SECONDS
        with (
            socket.create_connection(("127.0.0.1", proxy.port), timeout=patience) as line,
            suppress(ConnectionResetError),
        ):
            assert line.recv(1) == b""


def is_closed(line):
    """Whether the other side has closed, as the kernel has it: nothing is read."""
    information = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    return information[0] != ESTABLISHED


ESTABLISHED = 1
"""TCP_ESTABLISHED of the kernel's states (include/net/tcp_states.h)."""
