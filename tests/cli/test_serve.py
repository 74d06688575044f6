"""`mamia serve` as an administrator starts it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.matching import first_match
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.ports import free_port
from tests.support.settings_file import write_settings_file

MAMIA = [sys.executable, "-m", "gateway.cli.main", "serve", "--config"]


@pytest.fixture
def write(directory, tmp_path):
    """Writes settings, with `more` at the end; its file and port."""

    def writer(more: str = "") -> tuple[Path, int]:
        port = free_port()
        file = write_settings_file(tmp_path, directory, in_web=f"port = {port}", more=more)
        return file, port

    return writer


def refused(file, **environment):
    done = subprocess.run([*MAMIA, file], capture_output=True, text=True, env=environment or None, timeout=120)
    assert done.returncode == 2
    return done.stderr


@pytest.fixture
def running(write):
    """A service that answers: its process and port."""
    file, port = write()
    with served(file) as process:
        wait_until_it_answers(port)
        yield process, port


def ask(port, path="/health/ready"):
    with urllib.request.urlopen(f"http://localhost:{port}{path}") as answer:
        return answer.status, answer.read().decode()


def says(port, text):
    """Whether the first page has `text`; no answer is none, as while new processes take over."""
    try:
        return text in ask(port, "/")[1]
    except OSError:
        return False


def wait_until_it_answers(port):
    def answers():
        try:
            return ask(port)[0] == 200
        except (urllib.error.URLError, OSError):
            return False

    wait_until(answers)


@contextmanager
def served(file, log=Path(os.devnull), **environment):
    with log.open("w") as errors:
        process = subprocess.Popen([*MAMIA, file], stderr=errors, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def children_of(process):
    return set(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())


class TestMetrics:
    def test_when_several_processes_serve_then_whichever_is_asked_adds_them_up(self, directory, tmp_path, redis):
        port = free_port()
        in_web = f"port = {port}\nprocesses = 3"
        more = f'[rate_limits]\nstore = "{redis.url}"\n[metrics]\nallowed_networks = ["127.0.0.1"]'
        file = write_settings_file(tmp_path, directory, in_web=in_web, more=more)

        with served(file, TMPDIR=str(tmp_path)) as process:
            wait_until_it_answers(port)
            wait_until(lambda: len(children_of(process)) == 3)
            for _ in range(30):
                ask(port, "/")

            counted = first_match(
                r'mamia_request_seconds_count{.*route="/",status="200"} (\S+)', ask(port, "/metrics")[1]
            )
            assert float(counted[1]) == 30
        assert not list(tmp_path.glob("mamia-metrics-*"))


GET = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD_ALONE = b"PATCH / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\n"


def statuses(received):
    return re.findall(rb"HTTP/1.1 (\d+)", received)


class TestService:
    def test_when_it_runs_then_no_process_of_it_may_leave_a_core_dump(self, running):
        process, _ = running
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()

        assert children
        for number in (process.pid, *children):
            limits = Path(f"/proc/{number}/limits").read_text()
            [core] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
            assert core.split()[4:6] == ["0", "0"]

    def test_when_several_processes_are_set_then_they_serve_together(self, directory, tmp_path, redis):
        port = free_port()
        in_web = f"port = {port}\nprocesses = 3"
        file = write_settings_file(tmp_path, directory, in_web=in_web, more=f'[rate_limits]\nstore = "{redis.url}"')

        with served(file) as process:
            wait_until_it_answers(port)
            wait_until(lambda: len(children_of(process)) == 3)

    @pytest.mark.parametrize(
        "sent, answers",
        [([GET + GET], [b"200", b"200"]), ([HEAD_ALONE, b"unread" + GET], [b"405", b"200"])],
        ids=["two requests at once", "an unread body and a request at once"],
    )
    def test_when_requests_come_before_it_looks_for_them_then_each_is_answered(self, write, sent, answers):
        file, port = write()
        with served(file):
            wait_until_it_answers(port)
            with socket.create_connection(("127.0.0.1", port), timeout=AT_ONCE_SECONDS - 1) as line:
                received = b""
                for number, part in enumerate(sent):
                    line.sendall(part)
                    while len(statuses(received)) <= number:
                        received += line.recv(1 << 16)
                while len(statuses(received)) < len(answers):
                    received += line.recv(1 << 16)

        assert statuses(received) == answers

    def test_when_several_processes_would_count_each_for_itself_then_it_does_not_start(
        self, write, directory, tmp_path
    ):
        file = write_settings_file(tmp_path, directory, in_web="processes = 2")

        assert "web.processes" in refused(file)

    def test_when_the_settings_change_and_it_gets_a_hangup_then_new_processes_have_them(self, write):
        file, port = write()
        with served(file) as process:
            wait_until_it_answers(port)
            before = children_of(process)
            file.write_text(file.read_text() + '[academy]\nname = "Académie de Trifouilly"\n')
            process.send_signal(signal.SIGHUP)

            wait_until(lambda: says(port, "Trifouilly"))
            wait_until(lambda: not before & children_of(process))

    def test_when_it_has_metrics_and_gets_a_hangup_then_it_goes_on_answering_and_counting(self, write):
        file, port = write('[metrics]\nallowed_networks = ["127.0.0.0/8"]\n')
        with served(file) as process:
            wait_until_it_answers(port)
            before = children_of(process)
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: not before & children_of(process))
            wait_until_it_answers(port)

            answers = [ask(port)[0] for _ in range(20)]

            counted = ask(port, "/metrics")[1]
            assert answers == [200] * 20
            assert 'mamia_request_seconds_count{method="GET",route="/health/ready",status="200"}' in counted
            assert process.poll() is None

    @pytest.mark.parametrize(
        ("more", "reported"),
        [
            ("nonsense = 1", "nonsense"),
            ('[audit]\ndestination = "file"\nfile = "/proc/none/audit.log"', "/proc/none"),
            ('[academy]\nlogo = "/nowhere.png"', "logo"),
        ],
        ids=["unknown", "unusable-here", "missing-file"],
    )
    def test_when_new_settings_can_not_be_used_and_it_gets_a_hangup_then_it_goes_on_and_says_why(
        self, write, tmp_path, more, reported
    ):
        file, port = write()
        log = tmp_path / "log"
        with served(file, log=log) as process:
            wait_until_it_answers(port)
            file.write_text(file.read_text() + more + "\n")
            process.send_signal(signal.SIGHUP)

            wait_until(lambda: "new settings cannot be used" in log.read_text())
            wait_until(lambda: reported in log.read_text())
            # The second one is refused by a process that outlived the first one.
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: log.read_text().count("new settings cannot be used") == 2)
            assert ask(port)[0] == 200
            assert process.poll() is None

    def test_when_it_runs_then_another_hosts_name_gets_400(self, running):
        request = urllib.request.Request(f"http://127.0.0.1:{running[1]}/", headers={"Host": "evil.example"})

        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code == 400
        caught.value.close()

    def test_when_espeak_is_missing_then_it_says_what_to_install_or_to_take_out(self, write):
        reported = refused(write()[0], PATH="/nowhere")

        assert "apt install espeak-ng" in reported
        assert "captcha.methods" in reported

    @pytest.mark.parametrize(
        "more",
        [
            '[audit]\ndestination = "file"\nfile = "/proc/none/audit.log"',
            '[notifications]\nspool = "/proc/none/mails"',
        ],
    )
    def test_when_a_place_can_not_be_written_then_it_does_not_start_and_names_it(self, write, more):
        assert "/proc/none" in refused(write(more)[0])
