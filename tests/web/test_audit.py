"""The audit: one line of JSON an event; and a search for secrets in everything that is written anywhere."""

from __future__ import annotations

import grp
import json
import logging
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from gateway.protection.audit import Audit
from gateway.protection.replay import MemoryReplayCache
from gateway.protection.tickets import Ticket, Tickets
from gateway.settings import Audit as AuditSettings
from tests.support.browser import CHANGE, RESET, Page
from tests.support.pending_deliveries import pending_deliveries
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
NT_CLASSES = ["inetOrgPerson", "mamiaPerson", "sambaSamAccount"]
LOGROTATE = Path(__file__).parents[2] / "deploy" / "logrotate" / "mamia"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "audit.log"


@pytest.fixture
def browser(directory, open_browser, file):
    directory.add_person("fdurand4")
    return open_browser(audit={"destination": "file", "file": file})


def events(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


class TestEvent:
    def test_when_a_password_was_changed_then_its_line_says_who_when_and_from_where(self, browser, file):
        page = browser.change("fdurand4", PASSWORD, NEW)

        [event] = events(file)
        assert list(event)[:3] == ["time", "service", "outcome"]
        assert (event["service"], event["outcome"], event["login"]) == ("change", "changed", "fdurand4")
        assert event["address"] == "127.0.0.1"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", event["time"])
        assert re.fullmatch(r"[0-9a-f]{12}", event["agent"])
        assert re.fullmatch(r"[0-9a-f]{16}", event["request"])
        assert page.status == 200

    def test_when_the_person_has_a_workstation_then_it_tells_each_targets_first_state(
        self, directory, open_browser, file, tmp_path
    ):
        directory.add_person("fdurand4", departmentNumber="rectorat", objectClass=NT_CLASSES, sambaSID="S-1-0-0")
        workstation = pending_deliveries(tmp_path, files={"type": "samba_nt"})
        browser = open_browser(audit={"destination": "file", "file": file}, workstation=workstation)

        browser.change("fdurand4", PASSWORD, NEW)

        assert events(file)[0]["targets"] == {"files": "done", "domain": "pending"}

    def test_when_something_is_refused_then_it_has_the_outcomes_code(self, browser, file):
        browser.change("fdurand4", "wrong", NEW)
        browser.change("fdurand4", PASSWORD, "azerty123")
        browser.prove("fdurand4", "12E8534567AAA")
        browser.find("Nobody", "Nemo")
        browser.find("Durand", "François")

        reported = [(event["service"], event["outcome"]) for event in events(file)]
        assert reported == [
            ("change", "credentials"),
            ("change", "rules"),
            ("reset", "not_proved"),
            ("find", "not_found"),
            ("find", "found"),
        ]
        assert events(file)[1]["rules"] == ["no_upper_case", "no_special", "common"]
        assert events(file)[4]["logins"] == ["fdurand4"]

    def test_when_an_attempt_is_held_up_then_it_says_by_which_limit(self, directory, open_browser, file):
        browser = open_browser(audit={"destination": "file", "file": file}, rate_limits={"per_login": "1/minute"})
        browser.change("fdurand4", "wrong", NEW)
        browser.change("fdurand4", "wrong", NEW)

        assert (events(file)[1]["outcome"], events(file)[1]["limit"]) == ("rate_limited", "login")

    @pytest.mark.parametrize("typed", ["Ma-Phrase Secrète 1!", "12E8534567ABC!", "x" * 80])
    def test_when_the_login_field_holds_something_else_then_it_is_not_kept(self, browser, file, typed):
        browser.change(typed, "wrong", NEW)

        assert events(file)[0]["login"] == "?"

    def test_when_the_directory_is_down_then_there_is_one_too(self, directory, browser, file):
        directory.kill()

        browser.change("fdurand4", PASSWORD, NEW)

        assert events(file)[0]["outcome"] == "directory_unavailable"

    def test_when_it_goes_to_syslog_then_the_socket_gets_the_line(self, tmp_path):
        with (
            tempfile.TemporaryDirectory(prefix="s-") as folder,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log,
        ):
            log.bind(f"{folder}/log")
            log.settimeout(60)
            audit = Audit(AuditSettings(destination="syslog", syslog=f"{folder}/log"))
            audit.record("find", "found", login="fdurand4")
            line = log.recv(4096).decode()
            audit.close()

        priority, _, rest = line.partition(">mamia: ")
        assert priority == "<86", "authpriv.info"
        assert json.loads(rest)["login"] == "fdurand4"


class TestLine:
    def test_when_it_holds_characters_of_json_or_line_ends_then_it_stays_one_line(self, file):
        audit = Audit(AuditSettings(destination="file", file=file))

        audit.record("find", "found", logins=['a"b', "c\nd"])
        audit.close()

        assert events(file)[0]["logins"] == ['a"b', "c\nd"]

    @pytest.mark.parametrize("odd", ["\x7f", "\x85", "\x9b2J", "\u2028", "\ud800"], ids=ascii)
    def test_when_it_holds_what_ends_a_line_or_moves_a_cursor_elsewhere_then_it_is_escaped(self, file, odd):
        audit = Audit(AuditSettings(destination="file", file=file))

        audit.record("find", "found", logins=[f"a{odd}"])
        audit.close()

        assert len(file.read_text().splitlines()) == 1
        assert odd[0].encode("utf-8", "surrogatepass") not in file.read_bytes()
        assert events(file)[0]["logins"] == [f"a{odd}"]


@pytest.fixture(params=[0, 0o022], ids=["no umask", "umask 022"])
def umask(request):
    former = os.umask(request.param)
    yield
    os.umask(former)


def mode(file):
    return stat.S_IMODE(file.stat().st_mode)


class TestFile:
    def test_when_logrotate_moves_it_while_events_come_then_no_line_is_lost(self, file, tmp_path):
        """With the academy's own configuration, the real logrotate, and writers that never stop."""
        program = shutil.which("logrotate", path="/usr/sbin:/usr/bin")
        assert program, "logrotate is missing: make test installs it"
        config = tmp_path / "logrotate.conf"
        text = LOGROTATE.read_text().replace("/var/log/mamia/audit.log", str(file))
        config.write_text(re.sub(r"\n\s*(su|create|dateext|compress|delaycompress)\b.*", "", text))
        config.chmod(0o644)
        audit = Audit(AuditSettings(destination="file", file=file))
        over = threading.Event()
        written = [0, 0]

        def write(place):
            while not over.is_set():
                audit.record("find", "found", writer=place, number=written[place])
                written[place] += 1

        writers = [threading.Thread(target=write, args=(place,)) for place in (0, 1)]
        for writer in writers:
            writer.start()
        try:
            for _ in range(5):
                subprocess.run([program, "--force", "--state", tmp_path / "state", config], check=True)
        finally:
            over.set()
            for writer in writers:
                writer.join()
        audit.close()

        lines = [json.loads(line) for part in tmp_path.glob("audit.log*") for line in part.read_text().splitlines()]
        assert len(list(tmp_path.glob("audit.log*"))) > 1
        assert sorted((line["writer"], line["number"]) for line in lines) == [
            (place, number) for place in (0, 1) for number in range(written[place])
        ]

    def test_when_it_is_made_then_its_owner_alone_may_read_it_whatever_the_umask(self, umask, file):
        Audit(AuditSettings(destination="file", file=file)).close()

        assert oct(mode(file)) == "0o600"

    def test_when_somebody_moved_it_away_then_the_new_one_is_its_owners_alone(self, umask, file):
        audit = Audit(AuditSettings(destination="file", file=file))
        audit.record("find", "found")
        file.rename(file.with_name("audit.log.1"))

        audit.record("find", "found")
        audit.close()

        assert oct(mode(file)) == "0o600"

    @pytest.mark.parametrize(
        "before, after", [(0o644, "0o640"), (0o666, "0o660"), (0o640, "0o640"), (0o600, "0o600")]
    )
    def test_when_it_is_there_already_then_others_lose_it_and_its_group_keeps_it(self, file, before, after):
        file.touch()
        file.chmod(before)

        Audit(AuditSettings(destination="file", file=file)).close()

        assert oct(mode(file)) == after

    def test_when_logrotate_makes_the_next_one_then_both_are_their_owners_alone(self, umask, file, tmp_path):
        """The real logrotate with our configuration; the owner is whoever runs the test."""
        owner, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        section = LOGROTATE.read_text().partition("}")[0] + "}\n"
        text = section.replace("/var/log/mamia/audit.log", str(file)).replace(" mamia mamia", f" {owner} {group}")
        config = tmp_path / "logrotate.conf"
        config.write_text(text)
        config.chmod(0o600)
        audit = Audit(AuditSettings(destination="file", file=file))
        audit.record("find", "found")

        program = shutil.which("logrotate", path="/usr/sbin:/usr/bin")
        assert program, "logrotate is not installed"
        subprocess.run([program, "--force", "--state", tmp_path / "state", config], check=True)
        audit.record("find", "found")
        audit.close()

        files = list(tmp_path.glob("audit.log*"))
        assert len(files) == 2
        assert {oct(mode(one)) for one in files} == {"0o600"}


SECRET = {
    "current": "Licorne-Actuelle-71!",
    "new": "Licorne-Nouvelle-72!",
    "chosen": "Licorne-Choisie-73!",
    "numen": "98X7654321ZYX",
    "birth_date": "19770914",
    "typed_date": "14/09/1977",
    "wrong": "Licorne-Fausse-74!",
}


def all_that_writes(folder, mail_server):
    """Sections of the settings with which the gateway writes an audit and sends mails."""
    return {
        "audit": {"destination": "file", "file": folder / "audit.log"},
        "captcha": {"required": ["find", "reset", "change"]},
        "notifications": {"spool": folder / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
    }


def contents_of(files):
    return [file.read_bytes().decode("utf-8", "replace") for file in files if file.is_file()]


class TestSecrets:
    def test_when_all_services_were_used_then_they_are_in_no_log_file_address_or_cookie(
        self, directory, open_browser, mail_server, tmp_path, caplog, capfd
    ):
        caplog.set_level(logging.DEBUG)
        directory.add_person(
            "fdurand4", password=SECRET["current"], numen=SECRET["numen"], birthDate=SECRET["birth_date"]
        )
        browser = open_browser(**all_that_writes(tmp_path, mail_server))
        reader = Tickets(browser.app.config["WTF_CSRF_SECRET_KEY"], replay_cache=MemoryReplayCache())
        addresses, cookies, answers = [], [], []

        def post(path, data):
            """And keep what is on the way to the page that follows."""
            page = browser.client.post(path, data=data, follow_redirects=True)
            for answer in (*page.history, page):
                addresses.extend([answer.request.full_path, answer.headers.get("Location", "")])
                cookies.extend(answer.headers.getlist("Set-Cookie"))
            return page

        def send(path, **typed):
            page = browser.open(path)
            answers.append(right_answer(reader, page))
            return post(path, {**page.fields, "captcha": answers[-1], **typed})

        send("/retrouver-mon-compte", surname="Durand", given_name="François", birth_date=SECRET["typed_date"])
        send(CHANGE, login="fdurand4", current_password=SECRET["wrong"], **twice(SECRET["new"]))
        send(CHANGE, login="fdurand4", current_password=SECRET["current"], **twice(SECRET["new"]))
        send(RESET, login="fdurand4", proof="98X7654321ZZZ", birth_date=SECRET["typed_date"])
        proved = send(RESET, login="fdurand4", proof=SECRET["numen"], birth_date=SECRET["typed_date"])
        form = dict(re.findall(r'name="(csrf_token|ticket)"[^>]*value="([^"]+)"', proved.text))
        post(RESET, {**form, **twice(SECRET["chosen"])})
        directory.kill()
        send(CHANGE, login="fdurand4", current_password=SECRET["chosen"], **twice(SECRET["new"]))
        directory.slapd.start()
        assert directory.binds("fdurand4", SECRET["chosen"]), "the services were really used"
        wait_until(lambda: len(mail_server.mails) >= 2)

        out, err = capfd.readouterr()
        texts = [caplog.text, out, err, *addresses, *cookies, *(mail.as_string() for mail in mail_server.mails)]
        texts += contents_of([*tmp_path.rglob("*"), *directory.slapd.state.glob("*.log")])
        for secret in (*SECRET.values(), "98X7654321ZZZ", *answers):
            assert not any(secret in text for text in texts), f"{secret} is written somewhere"


def right_answer(reader: Tickets, page: Page) -> str:
    ticket = reader.open("captcha", page.fields["challenge"])
    assert isinstance(ticket, Ticket)
    return str(ticket.payload["answer"])


def twice(password):
    return {"new_password": password, "confirmation": password}
