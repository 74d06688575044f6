"""`mamia serve` as an administrator starts it."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from directory_server import free_port
from settings_file import write_settings_file

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
    done = subprocess.run([*MAMIA, file], capture_output=True, text=True, env=environment or None, timeout=60)
    assert done.returncode == 2
    return done.stderr


@pytest.fixture
def running(write):
    """A service that answers: its process and port."""
    file, port = write()
    process = subprocess.Popen([*MAMIA, file], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready"):
                break
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    yield process, port
    process.terminate()
    process.communicate(timeout=30)


def test_service_when_it_runs_then_no_process_of_it_may_leave_a_core_dump(running):
    process, _ = running
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()

    assert children
    for number in (process.pid, *children):
        limits = Path(f"/proc/{number}/limits").read_text()
        [core] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert core.split()[4:6] == ["0", "0"]


def test_service_when_it_runs_then_another_hosts_name_gets_400(running):
    request = urllib.request.Request(f"http://127.0.0.1:{running[1]}/", headers={"Host": "evil.example"})

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    caught.value.close()


def test_service_when_espeak_is_missing_then_it_says_what_to_install_or_to_take_out(write):
    told = refused(write()[0], PATH="/nowhere")

    assert "apt install espeak-ng" in told
    assert "captcha.ways" in told


@pytest.mark.parametrize(
    "more", ['[audit]\nto = "file"\nfile = "/proc/none/audit.log"', '[notices]\nspool = "/proc/none/mails"']
)
def test_service_when_a_place_can_not_be_written_then_it_does_not_start_and_names_it(write, more):
    assert "/proc/none" in refused(write(more)[0])
