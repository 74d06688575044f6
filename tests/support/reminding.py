"""`mamia remind` on a directory of the tests: its settings, people whose password ends soon, and the mails it leaves."""

from __future__ import annotations

import json
import mailbox
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_binary_file
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

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

    def configure(self, in_reminders: str = "", more: str = "", **sections: str) -> Path:
        """Write the settings again, with more in [reminders] and at the end."""
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
per_minute = 6000
{in_reminders}
[audit]
destination = "file"
file = "{self._folder}/audit.log"
{more}""",
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

    def outcomes(self, *options: str) -> dict[str, tuple[str, str]]:
        """Run it; login → reminder and outcome."""
        done = self.run("--json", *options)
        assert done.returncode == 0, done.stderr
        return {one["login"]: (one["reminder"], one["outcome"]) for one in json.loads(done.stdout)}

    def reminded(self) -> dict[str, str]:
        """Run it; login → reminder, of those who were reminded."""
        return {login: name for login, (name, outcome) in self.outcomes().items() if outcome == "reminded"}

    def mails(self) -> Sequence[EmailMessage]:
        """Every mail in the spool."""
        if not self.spool.exists():
            return []
        kept = mailbox.Maildir(self.spool, factory=None)
        found = []
        for key in kept.keys():
            with kept.get_file(key) as file:
                found.append(message_from_binary_file(file, policy=default))
        return found

    def records(self, login: str) -> list[str]:
        """What the directory has recorded for a person."""
        return self._directory.read(login).get("mamiaReminded", [])

    def audit(self) -> list[dict[str, str]]:
        """Return the lines of the audit."""
        file = self._folder / "audit.log"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
