"""`mamia remind` on a directory of the tests: its settings, people whose password ends soon, and its mails."""

from __future__ import annotations

import json
import mailbox
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from threading import Event
from typing import Any

from gateway.app import create_mail_app
from gateway.composition.reminders import Reminding as BuiltReminding
from gateway.composition.reminders import build_reminding
from gateway.notifications.spool import Spool
from gateway.settings.loader import load
from gateway.settings.service_accounts import reminding_directory
from tests.support.mamia_command import MAMIA, run_mamia
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import POLICIES, SUFFIX, SlapdServer

MAX_AGE = timedelta(days=365)
"""Of cn=yearly in ldif/60-policies.ldif."""
YEARLY = f"cn=yearly,{POLICIES}"
TIME = "%Y%m%d%H%M%SZ"


class Reminding:
    """The command, with settings in `folder`, on `directory`."""

    def __init__(self, folder: Path, directory: SlapdServer) -> None:
        self._folder = folder
        self._directory = directory
        self.spool = folder / "mails"
        self.config = self.configure()

    def configure(self, in_reminders: str = "", *, per_minute: int = 6000, **sections: Any) -> Path:
        """Write the settings again, with more in [reminders] and other sections."""
        (self._folder / "reminders").write_text(self._directory.slapd.password("reminders"))
        self.config = write_settings_file(
            self._folder,
            self._directory,
            **sections,
            more=f"""
[notifications]
spool = "{self.spool}"
[reminders]
bind_dn = "cn=reminders,ou=services,{SUFFIX}"
bind_password_file = "{self._folder}/reminders"
per_minute = {per_minute}
{in_reminders}
[audit]
destination = "file"
file = "{self._folder}/audit.log"
""",
        )
        return self.config

    def add(self, login: str, days_left: float, **attributes: Any) -> str:
        """Add somebody whose password ends in so many days, by a policy of their own."""
        changed_at = datetime.now(UTC) + timedelta(days=days_left) - MAX_AGE
        times = {"pwdPolicySubentry": YEARLY, "pwdChangedTime": changed_at.strftime(TIME)}
        return self._directory.add_person(login, **{**times, **attributes})

    def add_newcomer(self, login: str, days: float, **attributes: Any) -> str:
        """Add somebody who has had an initial password for so many days."""
        changed_at = datetime.now(UTC) - timedelta(days=days)
        return self._directory.add_person(
            login, pwdReset="TRUE", pwdChangedTime=changed_at.strftime(TIME), **attributes
        )

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return run_mamia("remind", "--config", self.config, *options)

    def start(self) -> subprocess.Popen[str]:
        """Start it and do not wait."""
        command = [*MAMIA, "remind", "--config", str(self.config)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run_at_once(self, count: int) -> list[int]:
        """Start so many of them at once, wait for all, and return their exit codes."""
        with ExitStack() as stack:
            runs = [stack.enter_context(self.start()) for _ in range(count)]
            for run in runs:
                run.communicate()
        return [run.returncode for run in runs]

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """Run what the command runs, without a process of its own; login → reminder and outcome."""
        with self.built() as built:
            built.records.verify()
            with create_mail_app(load(self.config, web_secrets=False)).app_context():
                done = built.service.run()
        return {one.due.login: (one.due.reminder.name, one.outcome) for one in done}

    @contextmanager
    def built(self) -> Iterator[BuiltReminding]:
        """Build the objects of the command, and close them."""
        settings = load(self.config, web_secrets=False)
        spool = Spool(settings.notifications, self.spool)
        with closing(build_reminding(settings, reminding_directory(settings), spool, Event())) as built:
            yield built

    def reminded(self) -> dict[str, str]:
        """Run it; login → reminder, of those who were reminded."""
        return {login: name for login, (name, outcome) in self.outcomes().items() if outcome == "reminded"}

    def mails(self) -> Sequence[EmailMessage]:
        """Every mail in the spool."""
        if not self.spool.exists():
            return []
        kept = mailbox.Maildir(self.spool, factory=None)
        found = []
        for key, _ in kept.iteritems():
            found.append(message_from_bytes(kept.get_bytes(key), policy=default))
        return found

    def records(self, login: str) -> list[str]:
        """What the directory has recorded for a person."""
        return self._directory.read(login).get("mamiaReminded", [])

    def audit(self) -> list[dict[str, str]]:
        """Return the lines of the audit."""
        file = self._folder / "audit.log"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
