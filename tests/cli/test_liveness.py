"""`/health/live` on its own address: it answers whatever the threads that serve forms are busy with."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress

import pytest
import requests

from gateway.web.liveness import MAX_CONNECTIONS
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.ports import free_port
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file

THREADS = 4
HALF_A_HEAD = b"GET /retrouver-mon-compte HTTP/1.1\r\nHost: localhost\r\n"
HALF_A_BODY = b"POST /retrouver-mon-compte HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsurname="


class Watched(ServeProcess):
    """A front end that is asked as its supervisor asks."""

    def is_alive(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.health_port), timeout=AT_ONCE_SECONDS) as line:
            line.sendall(b"GET /health/live HTTP/1.1\r\nHost: anything\r\n\r\n")
            return b"200 OK" in everything_from(line)

    def answers_to_supervisor(self) -> bool:
        with suppress(ConnectionResetError):
            return self.is_alive()
        return False


def everything_from(line):
    received = b""
    while chunk := line.recv(1 << 16):
        received += chunk
    return received


@pytest.fixture
def start(directory, redis, tmp_path):
    """Starts a front end with these processes."""
    started = []

    def starter(processes: int = 1) -> Watched:
        health_port = free_port()
        store = f'[rate_limits]\nstore = "{redis.url}"\n'

        def configure(port):
            in_web = f"port = {port}\nhealth_port = {health_port}\nthreads = {THREADS}\nprocesses = {processes}"
            return write_settings_file(tmp_path, directory, in_web=in_web, more=store)

        front_end = Watched.on_a_free_port(configure)
        front_end.health_port = health_port
        front_end.log = tmp_path / "log"
        started.append(front_end)
        front_end.start()
        return front_end

    yield starter
    for front_end in started:
        front_end.stop()


@pytest.fixture
def front_end(start):
    return start()


@pytest.fixture
def hold():
    """Opens connections and sends to each the same bytes, and nothing more."""
    with ExitStack() as opened:

        def holder(port: int, sent: bytes, count: int) -> list[socket.socket]:
            lines = [
                opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=AT_ONCE_SECONDS))
                for _ in range(count)
            ]
            for line in lines:
                line.sendall(sent)
            return lines

        yield holder


class TestLiveness:
    @pytest.mark.parametrize("half", [HALF_A_HEAD, HALF_A_BODY], ids=["heads", "bodies"])
    def test_when_half_sent_requests_hold_every_thread_then_it_answers(self, front_end, hold, half):
        hold(front_end.port, half, 10 * THREADS)

        with pytest.raises(requests.Timeout):
            requests.get(front_end.address + "/", timeout=1)
        assert all(front_end.is_alive() for _ in range(20))

    def test_when_slow_clients_hold_its_own_port_then_it_answers_others(self, front_end, hold):
        hold(front_end.health_port, HALF_A_HEAD, 4 * MAX_CONNECTIONS)

        assert all(front_end.is_alive() for _ in range(20))

    @pytest.mark.parametrize(
        "sent", [b"", HALF_A_HEAD, b"GET /" + b"x" * 100_000], ids=["nothing", "half", "endless"]
    )
    def test_when_a_client_does_not_finish_its_request_then_the_connection_is_closed(self, front_end, hold, sent):
        [line] = hold(front_end.health_port, sent, 1)

        with suppress(ConnectionResetError):
            assert everything_from(line) == b""

    @pytest.mark.parametrize(
        "request_, status",
        [
            (b"HEAD /health/live", b"200"),
            (b"GET /health/ready", b"404"),
            (b"GET /metrics", b"404"),
            (b"GET", b"404"),
            (b"POST /health/live", b"405"),
            (b"", b"405"),
        ],
    )
    def test_when_it_is_asked_something_else_then_it_says_so(self, front_end, hold, request_, status):
        [line] = hold(front_end.health_port, request_ + b" HTTP/1.1\r\n\r\n", 1)

        head, _, body = everything_from(line).partition(b"\r\n\r\n")
        assert head.split(b" ")[1] == status
        assert body == b""

    def test_when_one_of_two_processes_is_killed_then_it_answers(self, start):
        front_end = start(processes=2)
        wait_until(lambda: len(front_end.children) == 2)
        victim = front_end.children.pop()

        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: victim not in front_end.children)

        assert all(front_end.is_alive() for _ in range(20))

    def test_when_new_processes_take_over_then_it_goes_on_answering(self, front_end):
        old = front_end.children
        front_end.send(signal.SIGHUP)

        def has_taken_over():
            assert front_end.is_alive()
            return bool(front_end.children) and not front_end.children & old

        wait_until(has_taken_over)
        assert front_end.is_alive()

    def test_when_new_settings_name_another_port_then_it_answers_there(self, front_end):
        old, front_end.health_port = front_end.health_port, free_port()
        front_end.config.write_text(front_end.config.read_text().replace(str(old), str(front_end.health_port)))

        front_end.send(signal.SIGHUP)

        def answers():
            try:
                return front_end.is_alive()
            except OSError:
                return False

        wait_until(answers)


class TestService:
    @pytest.mark.parametrize("setting", ["health_port", "port"])
    def test_when_new_settings_name_a_port_that_is_taken_then_it_goes_on_as_it_was(self, front_end, setting):
        own = {"health_port": front_end.health_port, "port": front_end.port}[setting]
        text = front_end.config.read_text()
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = f"\n{setting} = {other.getsockname()[1]}\n"
            front_end.config.write_text(text.replace(f"\n{setting} = {own}\n", taken))
            front_end.send(signal.SIGHUP)
            wait_until(lambda: f"web.{setting}" in front_end.log.read_text())

        assert "new settings cannot be used" in front_end.log.read_text()
        # A process that gets no processor for two seconds cuts the connection.
        wait_until(front_end.answers_to_supervisor)
        assert requests.get(front_end.address + "/", timeout=60).ok

    def test_when_the_port_for_its_supervisor_is_taken_then_it_does_not_start_and_names_it(self, directory, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = other.getsockname()[1]
            file = write_settings_file(tmp_path, directory, in_web=f"port = {free_port()}\nhealth_port = {taken}")
            command = [sys.executable, "-m", "gateway.cli.main", "serve", "--config", str(file)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)

        assert done.returncode == 2
        assert f"web.health_port: 127.0.0.1:{taken}" in done.stderr
