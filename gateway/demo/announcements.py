"""What the demo prints to standard output while it starts and runs: for people, or as JSON for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.demo.people_table import birth_date_of, rectorat_logins, sample_table
from gateway.demo.private_samba import DOMAIN, PrivateSamba
from gateway.demo.private_slapd import SUFFIX, PrivateSlapd
from gateway.demo.sample_model import SAMPLE_PASSWORD
from gateway.demo.sample_times import REMINDED

AGENT = "aguichard"
"""The agent of the helpdesk in ldif/81-sample-helpdesk.ldif."""
WITHOUT_NUMBER = "nlepetit"
"""Somebody there who has no NUMEN, so that the reset needs a code of the helpdesk."""
SECONDS_UNTIL_SENT = 5
"""How long a mail of a command waits at most for the web service, which sends it."""


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """The servers of a demo that serves."""

    host: str
    port: int
    slapd: PrivateSlapd
    samba: PrivateSamba | None
    config: Path
    """The settings of all processes."""

    @property
    def url(self) -> str:
        """Return the address of the web service."""
        return f"http://{self.host}:{self.port}"

    @property
    def named_url(self) -> str:
        """Return its address with a name: browsers make no passkey for a number."""
        return f"http://localhost:{self.port}"


class Announcements(Protocol):
    """The events of a demo."""

    def note(self, text: str) -> None:
        """Print what is going on."""

    def ready(self, demo: RunningDemo) -> None:
        """Print where everything is; nothing but messages follows until the end."""

    def message(self, to: str, subject: str, file: Path) -> None:
        """Print that somebody got a mail or a text message, which is in `file`."""

    def event(self, kind: str, login: str, file: Path) -> None:
        """Print that an event about an account came to the receiver of webhooks, which wrote it to `file`."""

    def stopped(self) -> None:
        """Print that Ctrl-C ended the demo."""


class ForPeople:
    """Prints sentences, and a table of the sample people."""

    def note(self, text: str) -> None:
        """Print the text."""
        print(text, flush=True)

    def ready(self, demo: RunningDemo) -> None:
        """Print the table, where everything is, and the line "ready URL"."""
        slapd, samba = demo.slapd, demo.samba
        print(sample_table(slapd))
        print(f"rectorat (their passwords go to the workstation too): {', '.join(rectorat_logins(slapd))}")
        if samba:
            config = samba.folder / "etc" / "smb.conf"
            print("try a workstation login (it asks for the password):")
            print(f"  smbclient --configfile={config} '//{samba.ip}/IPC$' -U {DOMAIN}/LOGIN -c exit && echo welcome")
        print(f"directory {slapd.url}, administrator cn=admin,{SUFFIX}, password in {slapd.password_file('admin')}")
        if slapd.reports_writes:
            print("change a password without the gateway, and mamia capture delivers it to the workstation too:")
            print(f"  ldappasswd -x -H {slapd.url} -D uid=LOGIN,ou=people,{SUFFIX} -W -S")
        _print_helpdesk(demo)
        print(f"mails and text messages are files in {slapd.state / 'mails'}")
        print(f"webhooks about changes, resets, locks and deliveries are files in {slapd.state / 'events'}")
        print(f"the audit is {slapd.state / 'audit.log'}")
        print("Ctrl-C stops everything; `make demo-reset` deletes the changes.")
        print(f"ready {demo.url}", flush=True)

    def message(self, to: str, subject: str, file: Path) -> None:
        """Print who got it, what it is about, and its file."""
        print(f"message to {to}: {subject} ({_short(file)})", flush=True)

    def event(self, kind: str, login: str, file: Path) -> None:
        """Print what happened to whom, and the event's file."""
        print(f"webhook {kind} {login} ({_short(file)})", flush=True)

    def stopped(self) -> None:
        """Print one word, below the ^C that the terminal shows."""
        print("\nstopped", flush=True)


class ForPrograms:
    """Prints one JSON object per line, with the key `event`."""

    def note(self, text: str) -> None:
        """Print the event "note" with the text."""
        self._print("note", message=text)

    def ready(self, demo: RunningDemo) -> None:
        """Print the event "ready" with addresses and files."""
        slapd = demo.slapd
        self._print(
            "ready",
            url=demo.url,
            directory=slapd.url,
            suffix=SUFFIX,
            administrator=f"cn=admin,{SUFFIX}",
            administrator_password_file=str(slapd.password_file("admin")),
            mails=str(slapd.state / "mails"),
            events=str(slapd.state / "events"),
            audit=str(slapd.state / "audit.log"),
            rectorat=rectorat_logins(slapd),
            samba=demo.samba.ip if demo.samba else None,
            settings=str(demo.config),
            helpdesk=f"{demo.named_url}/guichet",
            agent=AGENT,
            without_number=WITHOUT_NUMBER,
            recovery=f"{demo.named_url}/mes-moyens-de-secours",
            reminded=list(REMINDED),
        )

    def message(self, to: str, subject: str, file: Path) -> None:
        """Print the event "message" with the file."""
        self._print("message", to=to, subject=subject, file=str(file))

    def event(self, kind: str, login: str, file: Path) -> None:
        """Print the event "webhook" with the file."""
        self._print("webhook", type=kind, login=login, file=str(file))

    def stopped(self) -> None:
        """Print the event "stopped"."""
        self._print("stopped")

    def _print(self, event: str, **facts: object) -> None:
        print(json.dumps({"event": event, **facts}), flush=True)


def _print_helpdesk(demo: RunningDemo) -> None:
    """Print how to try the helpdesk's pages, the recovery methods and the reminders."""
    if not (born := birth_date_of(demo.slapd, WITHOUT_NUMBER)):
        return
    remind = f"{_mamia()} remind --config {_short(demo.config)}"
    print(f"helpdesk {demo.named_url}/guichet: agent {AGENT}, password {SAMPLE_PASSWORD}; a mail brings the code")
    print(f"  give a code to {WITHOUT_NUMBER} (born {born}), who has no number: it replaces the NUMEN in a reset")
    print(f"recovery methods {demo.named_url}/mes-moyens-de-secours: passkeys need the name localhost")
    print(f"reminders: {' and '.join(REMINDED)} are due; list them, then mail them (within {SECONDS_UNTIL_SENT} s):")
    print(f"  {remind} --dry-run")
    print(f"  {remind}")


def _mamia() -> str:
    """Return the command of this installation, as somebody types it."""
    installed = Path(sys.executable).with_name("mamia")
    return str(_short(installed)) if installed.exists() else f"{sys.executable} -m gateway.cli.main"


def _short(path: Path) -> Path:
    """Return the path as seen from the current folder, if it is below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
