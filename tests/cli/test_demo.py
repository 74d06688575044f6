"""`mamia demo` as somebody meets it who has just cloned the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ldap
import pytest
import requests

from gateway.account.model import Secret
from gateway.cli.json_forms import FORMS, LOG
from gateway.demo.demo_settings import CHARTER_VERSION
from gateway.demo.private_samba import PrivateSamba
from gateway.targets.samba_nt import nt_hash
from tests.support.browser import CHANGE
from tests.support.json_form import problems_of
from tests.support.polling import AT_ONCE_SECONDS, wait_until
from tests.support.ports import free_address, free_port

SAMPLE_PASSWORD = "Bienvenue-2026!"
NEW = "Nouveau-2025"
RECTORAT = "svincent"
"""Somebody of the rectorat, beside prousseau."""
pytestmark = pytest.mark.xdist_group("demo")


class Demo:
    def __init__(self, state: Path, *options: str, **environment: str) -> None:
        self.state, self.port, self.directory_port = state, free_port(), free_port()
        command = [sys.executable, "-m", "gateway.cli.main", "demo", "--state", str(state)]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), "--directory-port", str(self.directory_port), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment},
            start_new_session=True,
            # A shell starts what it puts in the background with SIGINT ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        self.lines: list[str] = []
        self.last_words = ""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith(("ready ", '{"event": "ready"')):
                break

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def binds(self, login: str, password: str) -> bool:
        line = ldap.initialize(f"ldap://127.0.0.1:{self.directory_port}")
        try:
            line.simple_bind_s(f"uid={login},ou=people,dc=ac-example,dc=fr", password)
        except ldap.INVALID_CREDENTIALS:
            return False
        finally:
            line.unbind_s()
        return True

    def change(self, login: str, current: str, new: str) -> requests.Response:
        with requests.Session() as session:
            page = session.get(self.url + CHANGE).text
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
            assert token
            data = {
                "csrf_token": token.group(1),
                "login": login,
                "current_password": current,
                "charter": CHARTER_VERSION,
            }
            return session.post(self.url + CHANGE, data={**data, "new_password": new, "confirmation": new})

    def sign_in_as_agent(self, session: requests.Session) -> str:
        """Sign in at the helpdesk's pages with the code of the mail, and return it."""
        page = f"{self.url}/guichet/connexion"
        asked = _sent(session, page, page, login="aguichard", current_password=SAMPLE_PASSWORD)
        sent = _sent(session, page, asked, channel="0")
        wait_until(lambda: self.messages("agnes@exemple.org"))
        [file] = self.messages("agnes@exemple.org")
        found = re.search(r"\b\d{6}\b", file.read_text())
        assert found
        _sent(session, page, sent, code=found.group())
        return found.group()

    def messages(self, to: str) -> list[Path]:
        """The files of what somebody got."""
        return sorted((self.state / "mails").glob(f"*-{to}.txt"))

    def events(self, login: str) -> list[Path]:
        """The files of the events about somebody that webhooks brought."""
        return sorted((self.state / "events").glob(f"*-{login}.json"))

    def nt_password(self, login: str) -> str:
        """The hash that smbd would read."""
        line = ldap.initialize(f"ldap://127.0.0.1:{self.directory_port}")
        line.simple_bind_s("cn=admin,dc=ac-example,dc=fr", (self.state / "admin.password").read_text())
        [(_, entry)] = line.search_s(f"uid={login},ou=people,dc=ac-example,dc=fr", ldap.SCOPE_BASE)
        line.unbind_s()
        hashes: list[bytes] = entry.get("sambaNTPassword", [b""])
        return hashes[0].decode()

    def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """Seconds until it had ended. SIGINT goes to the whole group, as a terminal sends it at Ctrl-C."""
        started = time.monotonic()
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        self.last_words, _ = self.process.communicate(timeout=60)
        return time.monotonic() - started

    def still_serves(self) -> list[int]:
        """The ports that somebody still answers on, some seconds after the end at the latest."""
        deadline = time.monotonic() + AT_ONCE_SECONDS
        while open_ports := [port for port in (self.port, self.directory_port) if _answers(port)]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        return open_ports


def _sent(session: requests.Session, action: str, page: str, **fields: str) -> str:
    """Send the form of the page at `page`, and return the address of what follows."""
    text = session.get(page).text
    hidden = dict(re.findall(r'name="(csrf_token|ticket)"[^>]*value="([^"]+)"', text))
    return session.post(action, data={**hidden, **fields}).url


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def demo(state: Path, *options: str, **environment: str) -> Iterator[Demo]:
    running = Demo(state, *options, **environment)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop(signal.SIGTERM)
        assert running.process.stdout
        running.process.stdout.close()


@pytest.fixture(scope="module")
def short_folder() -> Iterator[Path]:
    """pytest's own may be too deep for a socket."""
    with tempfile.TemporaryDirectory(prefix="d-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def made(short_folder: Path) -> Path:
    """The state of a demo that ran once, in which one password was changed."""
    state = short_folder / "state"
    with demo(state, MAMIA_CAPTCHA__REQUIRED="[]") as running:
        assert any("captcha.required is empty" in line for line in running.lines)
        answer = running.change("fdurand4", SAMPLE_PASSWORD, NEW)
        assert answer.status_code == 200, running.lines
    return state


@pytest.fixture(scope="module")
def started_again(made) -> Iterator[Demo]:
    """A demo on that state, for tests that only look at it."""
    with demo(made) as running:
        yield running


@pytest.fixture(scope="module")
def to_be_changed(short_folder) -> Iterator[Demo]:
    """A demo in which tests change passwords; the creation before it was interrupted."""
    state = short_folder / "changed"
    (state / "config").mkdir(parents=True)
    with demo(state, MAMIA_CAPTCHA__REQUIRED="[]") as running:
        yield running


class TestDemo:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    def test_when_it_is_ended_however_then_nothing_is_left_running(self, made, number):
        with demo(made) as running:
            seconds = running.stop(number)

            assert seconds < AT_ONCE_SECONDS
            assert running.still_serves() == []

    def test_when_ctrl_c_is_pressed_then_it_says_that_it_stopped_and_nothing_failed(self, made):
        with demo(made) as running:
            running.stop(signal.SIGINT)

        assert running.process.returncode == 0
        assert running.last_words.splitlines()[-1] == "stopped"
        assert "ERROR" not in running.last_words

    def test_when_started_then_it_shows_the_people_and_says_last_that_it_is_ready(self, started_again):
        assert started_again.lines[-1] == f"ready {started_again.url}"
        people = [line.split() for line in started_again.lines if re.search(r"\d\d/\d\d/\d{4}", line)]
        assert len(people) >= 60
        assert requests.get(started_again.url + "/").status_code == 200
        table = "\n".join(started_again.lines)
        for state in ("initial: the number", "locked; a reset unlocks", "closed by an administrator", "expired"):
            assert state in table

    def test_when_started_again_then_the_changes_of_the_first_time_are_still_there(self, started_again):
        assert started_again.binds("fdurand4", NEW)
        assert not started_again.binds("fdurand4", SAMPLE_PASSWORD)
        [durand] = [line for line in started_again.lines if line.startswith("fdurand4 ")]
        assert "changed in this demo" in durand

    def test_when_started_then_what_the_table_says_of_each_password_is_true(self, started_again):
        verified = set()
        for line in started_again.lines:
            columns = re.split(r"  +", line)
            if len(columns) < 5 or not re.fullmatch(r"\d\d/\d\d/\d{4}", columns[3]):
                continue
            login, number, state = columns[0], columns[2], columns[4]
            if "locked" in state or "closed" in state or "expired" in state:
                assert not started_again.binds(login, SAMPLE_PASSWORD)
                verified.add("refused")
            elif state.startswith("initial"):
                assert started_again.binds(login, number)
                verified.add("initial")
            elif state == SAMPLE_PASSWORD:
                assert started_again.binds(login, SAMPLE_PASSWORD)
                verified.add("sample")
        assert verified == {"refused", "initial", "sample"}

    @pytest.mark.parametrize("path", ["/guichet/connexion", "/mes-moyens-de-secours"])
    def test_when_a_page_is_asked_for_by_the_name_that_passkeys_need_then_it_is_served(self, started_again, path):
        address = f"http://localhost:{started_again.port}"

        assert any(f"{address}{path.removesuffix('/connexion')}" in line for line in started_again.lines)
        assert requests.get(address + path).status_code == 200

    def test_when_started_then_it_shows_somebody_without_a_number_for_the_code_of_an_agent(self, started_again):
        [row] = [re.split(r"  +", line) for line in started_again.lines if line.startswith("nlepetit ")]

        assert row[2] == "none"
        assert any(f"nlepetit (born {row[3]})" in line for line in started_again.lines)

    def test_when_it_is_checked_then_nothing_fails(self, started_again):
        command = [
            sys.executable,
            "-m",
            "gateway.cli.main",
            "check",
            "--config",
            str(started_again.state / "mamia.toml"),
        ]

        done = subprocess.run(command, capture_output=True, text=True)

        assert [line for line in done.stdout.splitlines() if line.startswith("FAIL")] == []
        assert " 0 FAIL" in done.stdout

    def test_when_its_port_is_taken_then_it_says_so_and_how_to_choose_another(self, started_again, short_folder):
        command = [sys.executable, "-m", "gateway.cli.main", "demo", "--state", str(short_folder / "other")]

        done = subprocess.run(
            [*command, "--port", str(started_again.port), "--directory-port", str(free_port())],
            capture_output=True,
            text=True,
        )
        directory = subprocess.run(
            [*command, "--directory-port", str(started_again.directory_port)], capture_output=True, text=True
        )

        assert done.returncode == directory.returncode == 1
        assert "make demo PORT=" in done.stderr
        assert "make demo DIRECTORY_PORT=" in directory.stderr

    def test_when_its_secrets_are_written_then_only_their_owner_reads_them(self, made):
        secrets = [*made.glob("*.password"), made / "secret_keys"]

        assert len(secrets) == 8
        assert all(file.stat().st_mode & 0o077 == 0 for file in (*secrets, made))

    def test_when_an_earlier_version_made_its_state_then_it_says_how_to_start_afresh(self, made, tmp_path):
        state = tmp_path / "state"
        shutil.copytree(made, state, ignore=shutil.ignore_patterns("*.sock"))
        (state / "reminders.password").unlink()

        with demo(state) as running:
            assert running.process.wait(60) == 1

        assert "make demo-reset" in running.lines[-1]

    def test_when_its_creation_was_interrupted_then_the_next_start_makes_it_anew(self, to_be_changed):
        assert to_be_changed.lines[-1].startswith("ready ")

    def test_when_somebody_of_the_rectorat_changes_the_password_then_the_nt_attributes_follow(self, to_be_changed):
        answer = to_be_changed.change("prousseau", SAMPLE_PASSWORD, NEW)

        assert "Poste de travail Windows" in answer.text
        assert to_be_changed.nt_password("prousseau") == nt_hash(Secret(NEW))

    def test_when_a_password_is_changed_then_the_webhook_of_it_is_a_file_that_nobody_else_can_read(
        self, to_be_changed
    ):
        to_be_changed.change("sleroy", SAMPLE_PASSWORD, NEW)

        wait_until(lambda: to_be_changed.events("sleroy"))
        [file] = to_be_changed.events("sleroy")
        assert json.loads(file.read_text())["type"] == "account.changed"
        assert file.stat().st_mode & 0o077 == 0

    def test_when_somebody_of_the_rectorat_uses_ldappasswd_then_the_nt_attributes_follow_too(self, to_be_changed):
        command = next(line.split() for line in to_be_changed.lines if "ldappasswd" in line)
        command = [part.replace("LOGIN", RECTORAT) for part in command if part not in ("-W", "-S")]

        subprocess.run([*command, "-w", SAMPLE_PASSWORD, "-s", NEW], check=True)

        wait_until(lambda: to_be_changed.nt_password(RECTORAT) == nt_hash(Secret(NEW)))
        assert to_be_changed.binds(RECTORAT, NEW)

    def test_when_the_agent_signs_in_then_the_code_is_in_a_file_that_it_names_and_nobody_else_can_read(
        self, to_be_changed
    ):
        with requests.Session() as session:
            code = to_be_changed.sign_in_as_agent(session)
            [file] = to_be_changed.messages("agnes@exemple.org")

            assert code in file.read_text()
            assert file.stat().st_mode & 0o077 == 0
            page = session.get(to_be_changed.url + "/guichet/recherche")
            assert "aguichard" in page.text

    def test_when_its_command_for_reminders_is_typed_then_those_that_it_names_get_their_mails(self, to_be_changed):
        dry, real = [line.split() for line in to_be_changed.lines if " remind --config " in line]

        planned = subprocess.run(dry, capture_output=True, text=True, check=True)
        subprocess.run(real, check=True)

        assert [line.split()[0] for line in planned.stdout.splitlines()[:2]] == ["sbientot", "tnouveau"]
        wait_until(lambda: to_be_changed.messages("solene.bientot@ac-example.fr"))
        wait_until(lambda: to_be_changed.messages("theo.nouveau@ac-example.fr"))

    def test_when_a_program_starts_it_then_each_line_is_an_object_and_the_log_too(self, tmp_path):
        state = tmp_path / ("deep" * 30) / "state"

        with demo(state, "--json") as running:
            running.stop()

        printed = [*running.lines, *running.last_words.splitlines()]
        events = [line for line in printed if line.startswith('{"event"')]
        assert problems_of(FORMS["demo"], "\n".join(events)) == []
        assert [json.loads(line)["event"] for line in events] == ["note", "note", "ready", "stopped"]
        assert problems_of(LOG, "\n".join(line for line in printed if line not in events)) == []

    def test_when_its_folder_is_too_deep_for_a_socket_then_it_runs_without_capture_and_says_so(self, tmp_path):
        state = tmp_path / ("deep" * 30) / "state"

        with demo(state, MAMIA_CAPTCHA__REQUIRED="[]") as running:
            changed = running.change("fdurand4", SAMPLE_PASSWORD, NEW)

        assert changed.status_code == 200
        assert any("too long for a socket" in line for line in running.lines)

    def test_when_a_domain_controller_is_asked_for_then_the_new_password_opens_the_workstation(self):
        with tempfile.TemporaryDirectory(prefix="d-", ignore_cleanup_errors=True) as folder:
            Path(folder).chmod(0o711)
            state, address = Path(folder) / "s", free_address()
            options = ("--workstation", "samba", "--samba-address", address)
            with demo(state, *options, MAMIA_CAPTCHA__REQUIRED="[]") as running:
                domain = PrivateSamba(state / "samba", address)
                assert domain.smb("prousseau", SAMPLE_PASSWORD)
                assert any("smbclient" in line for line in running.lines)

                running.change("prousseau", SAMPLE_PASSWORD, NEW)

                wait_until(lambda: domain.smb("prousseau", NEW))
                assert not domain.smb("prousseau", SAMPLE_PASSWORD)

            with demo(state, "--workstation", "samba", "--samba-address", free_address()) as elsewhere:
                assert "another --samba-address" in elsewhere.lines[-1]
