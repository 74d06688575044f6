"""`mamia remind` under its unit and timer: recorded in the directory, spooled for the web service, and sent by it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.polling import wait_until
from tests.support.served_system import ADMIN_PASSWORD, SUFFIX, ServedSystem
from tests.support.smtp_server import SmtpServer
from tests.systemd.test_units import REFUSED_CALL

pytestmark = pytest.mark.install

UNIT, TIMER = "mamia-remind.service", "mamia-remind.timer"
LOGIN, OTHER = "smoreau", "nroux"
SPOOL = "/var/lib/mamia/mails"
PASSWORD_FILE = "/etc/mamia/reminders.password"
SECRETS = ("gateway.password", "secret_keys", "webhook.secret")
TIME = "%Y%m%d%H%M%SZ"


def as_administrator(served: ServedSystem, program: str, *options: str, text: str = "") -> str:
    """Run one of slapd's programs as the directory's administrator, and return what it prints."""
    served.system.write("/root/.admin", ADMIN_PASSWORD, mode=0o600)
    bind = ["-x", "-H", "ldapi:///", "-D", f"cn=admin,{SUFFIX}", "-y", "/root/.admin"]
    return served.system.run(program, *bind, *options, text=text).stdout


def give_initial_password(served: ServedSystem, login: str, days: int) -> None:
    """Let somebody have had an initial password for so many days."""
    since = (datetime.now(UTC) - timedelta(days=days)).strftime(TIME)
    changes = "replace: pwdReset\npwdReset: TRUE\n-\n" + f"replace: pwdChangedTime\npwdChangedTime: {since}\n"
    entry = f"dn: uid={login},ou=people,{SUFFIX}\nchangetype: modify\n{changes}"
    as_administrator(served, "ldapmodify", "-e", "!relax", text=entry)


def record_of(served: ServedSystem, login: str) -> str:
    """Return what the directory has recorded of somebody's last reminder."""
    found = as_administrator(served, "ldapsearch", "-LLL", "-b", f"uid={login},ou=people,{SUFFIX}", "mamiaReminded")
    return "".join(re.findall(r"(?m)^mamiaReminded: (.*)$", found))


def remind(served: ServedSystem) -> str:
    """Start the unit as its timer does, and return what its journal then says."""
    mark = served.system.end_of_journal()
    served.system.run("systemctl", "start", UNIT, check=False)
    said = served.system.journal("--after-cursor", mark, "--unit", UNIT)
    assert served.system.property(UNIT, "Result") == "success", said
    assert not REFUSED_CALL.search(served.system.journal("--after-cursor", mark))
    return said


@pytest.fixture(scope="module")
def mail_server(served: ServedSystem) -> Iterator[SmtpServer]:
    """On the system's own loopback address, where its services look for one."""
    one = SmtpServer(port=25)
    with served.system.network():
        one.start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def reminding(served: ServedSystem, mail_server: SmtpServer) -> Iterator[ServedSystem]:
    """The section, and what `mamia setup` makes for it."""
    served.system.write("/root/.admin", ADMIN_PASSWORD, mode=0o600)
    administrator = ["--bind-dn", f"cn=admin,{SUFFIX}", "--bind-password-file", "/root/.admin"]
    notifications = {
        "spool": SPOOL,
        "smtp_host": "127.0.0.1",
        "smtp_port": mail_server.port,
        "smtp_security": "none",
    }
    reminders = {
        "bind_dn": f"cn=reminders,ou=services,{SUFFIX}",
        "bind_password_file": PASSWORD_FILE,
        "digest_to": "assistance@ac-mine.fr",
    }
    with served.settings(notifications=notifications, reminders=reminders):
        # Its last step names what tests leave out, such as the academy's legal notice.
        said = served.system.run("mamia", "setup", "--yes", "--apply", *administrator, check=False).stdout
        assert "changes are in the directory" in said, said
        served.restart("mamia.service")
        yield served


class TestTimer:
    def test_when_enabled_then_it_starts_the_unit_each_morning(self, reminding):
        reminding.system.run("systemctl", "enable", "--now", TIMER)
        try:
            assert reminding.system.property(TIMER, "Triggers") == UNIT
            next_start = reminding.system.shell(f"systemctl list-timers --no-pager {TIMER}").stdout
            assert re.search(r" 08:(0\d|1[0-5]):", next_start), next_start
        finally:
            reminding.system.run("systemctl", "disable", "--now", TIMER)


class TestUnit:
    """The tests of this class follow each other."""

    def test_when_somebody_is_due_then_the_record_is_written_and_the_web_service_sends_the_mail(
        self, reminding, mail_server
    ):
        give_initial_password(reminding, LOGIN, days=8)

        said = remind(reminding)

        assert "1 were reminded" in said
        assert record_of(reminding, LOGIN).startswith("initial;")
        assert mail_server.to(f"{LOGIN}@ac-mine.fr")["From"]
        digest = mail_server.to("assistance@ac-mine.fr").get_body(("plain",))
        assert digest
        assert "Une personne a été invitée" in digest.get_content()

    def test_when_it_starts_again_then_nobody_gets_a_second_mail(self, reminding, mail_server):
        sent = len(mail_server.mails)

        said = remind(reminding)

        assert "0 were reminded" in said
        assert len(mail_server.mails) == sent
        wait_until(lambda: reminding.system.shell(f"ls {SPOOL}/new").stdout == "")

    def test_when_the_mail_server_is_away_then_mails_wait_as_the_web_services_own(self, reminding, mail_server):
        mail_server.stop()
        give_initial_password(reminding, OTHER, days=8)

        remind(reminding)

        waiting = reminding.system.shell(f"stat -c '%U %a' {SPOOL}/new/*").stdout.split("\n")
        assert waiting == ["mamia 600", ""]

    def test_when_it_runs_then_the_web_services_secrets_are_hidden_from_it(self, reminding):
        hidden = reminding.system.property(UNIT, "InaccessiblePaths")

        assert [name for name in SECRETS if f"/etc/mamia/{name}" not in hidden] == []

    def test_when_it_ended_then_the_audit_has_each_person_and_no_secret(self, reminding):
        lines = reminding.system.journal("--unit", UNIT)

        audited = [json.loads(line[line.index("{") :]) for line in lines.splitlines() if '"reminder"' in line]
        assert {(one["login"], one["outcome"]) for one in audited if "login" in one} >= {
            (LOGIN, "reminded"),
            (OTHER, "reminded"),
        }
        assert reminding.system.read(PASSWORD_FILE).strip() not in lines
