"""`mamia reload` at a running service: its output, exit code and log say what became of the new settings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from gateway.cli.json_forms import FORMS
from gateway.cli.reload_record import running_services
from tests.support.json_form import problems_of
from tests.support.mamia_command import MAMIA, run_mamia
from tests.support.polling import wait_until
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file

PROCESSES = 3
IN_USE = "the service uses the new settings"
NOBODY = 65534
SIGHUP_AT_ONCE = """
import os, signal, sys
from pathlib import Path
from gateway.cli.serve import Server
from gateway.settings.loader import load
config = Path(sys.argv[1])
Server(load(config), config)
os.kill(os.getpid(), signal.SIGHUP)
print("waits" if signal.SIGHUP in signal.sigpending() else "gone")
"""


@pytest.fixture
def front_end(directory, redis, tmp_path):
    """A service of three processes that has a log."""

    def configure(port):
        store = f'[rate_limits]\nstore = "{redis.url}"\n'
        in_web = f"port = {port}\nprocesses = {PROCESSES}"
        return write_settings_file(tmp_path, directory, in_web=in_web, more=store)

    running = ServeProcess.on_a_free_port(configure)
    running.log = tmp_path / "log"
    running.start()
    wait_until(lambda: len(running.children) == PROCESSES)
    yield running
    running.stop()


def reload_it(front_end, *options):
    return run_mamia("reload", "--pid", front_end.pid, *options)


def add(front_end, text):
    front_end.config.write_text(front_end.config.read_text() + text + "\n")


class TestReload:
    def test_when_the_new_settings_can_be_used_then_it_ends_once_all_processes_have_them(self, front_end):
        before = front_end.children
        add(front_end, "per_login = '9/hour'")

        done = reload_it(front_end)

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{IN_USE}; processes that serve: {PROCESSES}\n"
        assert len(front_end.children - before) == PROCESSES
        assert front_end.log.read_text().count(f"{IN_USE}; processes that serve: {PROCESSES}") == 1

    def test_when_the_new_settings_can_not_be_used_then_it_fails_with_the_reason_and_the_service_goes_on(
        self, front_end
    ):
        before = front_end.children
        add(front_end, "nonsense = 1")

        done = reload_it(front_end)

        assert (done.returncode, done.stdout) == (2, "")
        assert "continues with the former ones: rate_limits.nonsense" in done.stderr
        assert front_end.children == before
        assert IN_USE not in front_end.log.read_text()

    def test_when_a_refused_reload_was_repaired_then_the_next_one_succeeds(self, front_end):
        good = front_end.config.read_text()
        add(front_end, "nonsense = 1")
        refused = reload_it(front_end)
        front_end.config.write_text(good)

        assert (refused.returncode, reload_it(front_end).returncode) == (2, 0)

    def test_when_several_are_started_at_once_then_each_gets_an_answer(self, front_end):
        command = [*MAMIA, "reload", "--pid", str(front_end.pid)]
        started = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(3)]

        assert [process.wait(120) for process in started] == [0, 0, 0]

    def test_when_the_service_ends_meanwhile_then_it_fails_and_does_not_wait(self, front_end):
        front_end.send(signal.SIGSTOP)
        command = [*MAMIA, "reload", "--pid", str(front_end.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            front_end.kill()
            _, errors = process.communicate(timeout=60)

        assert process.returncode == 1
        assert errors

    def test_when_json_is_asked_for_then_it_has_the_promised_keys(self, front_end):
        done = reload_it(front_end, "--json")

        assert problems_of(FORMS["reload"], done.stdout) == []
        assert json.loads(done.stdout) == {"service": front_end.pid, "processes": PROCESSES}


class TestStart:
    def test_when_the_service_has_only_just_begun_then_the_reload_waits_for_it(self, front_end):
        front_end.stop()
        front_end.begin()

        done = reload_it(front_end)

        assert (done.returncode, done.stderr) == (0, "")

    def test_when_sighup_comes_before_gunicorn_handles_it_then_it_does_not_end_the_service(self, front_end):
        front_end.stop()
        program = [sys.executable, "-c", SIGHUP_AT_ONCE, front_end.config]

        done = subprocess.run(program, capture_output=True, text=True)

        assert (done.returncode, done.stdout) == (0, "waits\n"), done.stderr


class TestService:
    def test_when_no_process_is_named_then_the_parents_of_running_services_are_found(self, front_end):
        found = set(running_services())

        assert front_end.pid in found
        assert not found & front_end.children

    def test_when_the_process_is_another_program_then_it_gets_no_signal(self):
        with subprocess.Popen(["sleep", "600"]) as other:
            done = run_mamia("reload", "--pid", other.pid)
            ended = other.poll()
            other.terminate()

        assert ended is None
        assert done.returncode == 1
        assert "is no mamia serve" in done.stderr

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
    def test_when_another_user_looks_then_no_service_is_found(self, front_end):
        """Its record is closed to others, so that they can neither read it nor start a reload."""
        imports = "import os; from gateway.cli.reload_record import *"
        script = f"{imports}; os.seteuid({NOBODY}); print(record_of({front_end.pid}), list(running_services()))"

        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

        assert done.stdout == "None []\n"
