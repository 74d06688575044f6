"""The end of `mamia serve`: whoever was connected is answered, and everybody else is refused at once."""

from __future__ import annotations

import re
import signal
import socket
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from gateway.cli.http_worker import DRAIN_SECONDS
from tests.support.browser import FIND
from tests.support.polling import AT_ONCE_SECONDS, freeze, wait_until
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file

PROXY = Path(__file__).parents[2] / "deploy" / "nginx" / "mamia.conf"
ADDRESS = "127.0.0.1"
WAITING = 12
"""More than the processes take in at one look."""
BODY = b"surname=Durand"
FORM = (
    f"POST {FIND} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY
PAGE = b"GET /assistance HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def front_end(directory, redis, tmp_path):
    """Two processes on one port."""

    def configure(port):
        more = f'[rate_limits]\nstore = "{redis.url}"\n'
        return write_settings_file(tmp_path, directory, in_web=f"port = {port}\nprocesses = 2", more=more)

    running = ServeProcess.on_a_free_port(configure)
    running.start()
    wait_until(lambda: len(running.children) == 2)
    yield running
    running.stop()


def connected(front_end, sent=b""):
    line = socket.create_connection((ADDRESS, front_end.port), timeout=AT_ONCE_SECONDS)
    line.sendall(sent)
    return closing(line)


def answer(line):
    """The head of the next answer; reads its body too."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = line.recv(1 << 16)
        assert chunk, "closed without an answer"
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length
    while len(body) < int(length[1]):
        body += line.recv(1 << 16)
    return head


def refuses(front_end):
    with socket.socket() as probe:
        return probe.connect_ex((ADDRESS, front_end.port)) != 0


class TestStop:
    def test_when_forms_wait_for_processes_that_end_then_each_is_answered(self, front_end):
        """303: they lack a token, and the page after them says so. The service read them, and that is the point."""
        children = front_end.children
        for child in children:
            freeze(child)

        with ExitStack() as clients:
            waiting = [clients.enter_context(connected(front_end, FORM)) for _ in range(WAITING)]
            front_end.send(signal.SIGTERM)
            for child in children:
                front_end.wake(child)

            assert [answer(line).split()[1] for line in waiting] == [b"303"] * WAITING

    def test_when_it_ends_then_new_connections_are_refused_while_old_ones_are_still_served(self, front_end):
        with connected(front_end, PAGE) as kept:
            assert b"keep-alive" in answer(kept).lower()

            front_end.send(signal.SIGTERM)
            wait_until(lambda: refuses(front_end), seconds=DRAIN_SECONDS)
            kept.sendall(FORM)
            last = answer(kept)

        assert last.split()[1] == b"303"
        assert b"connection: close" in last.lower()

    def test_when_the_settings_are_read_again_then_a_kept_connection_is_served_once_more(self, front_end):
        before = front_end.children
        with connected(front_end, PAGE) as kept:
            answer(kept)

            front_end.send(signal.SIGHUP)
            wait_until(lambda: front_end.children - before)
            kept.sendall(FORM)

            assert answer(kept).split()[1] == b"303"


class TestProxy:
    def test_when_it_keeps_idle_connections_then_for_less_long_than_the_service_does(self):
        """Whoever closes first must be the proxy: a form that it sends to a closed connection is lost."""
        [seconds] = re.findall(r"^ +keepalive_timeout (\d+)s;", PROXY.read_text(), re.MULTILINE)

        assert int(seconds) < DRAIN_SECONDS
