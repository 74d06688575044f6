"""What the demo prints to standard output while it starts and runs: for people, or as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from gateway.demo.people_table import rectorat_logins, sample_table
from gateway.demo.private_samba import DOMAIN, PrivateSamba
from gateway.demo.private_slapd import SUFFIX, PrivateSlapd


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """The servers of a demo that serves."""

    url: str
    """Address of the web service."""
    slapd: PrivateSlapd
    samba: PrivateSamba | None


class Announcements(Protocol):
    """The events of a demo."""

    def note(self, text: str) -> None:
        """Print what is going on."""

    def ready(self, demo: RunningDemo) -> None:
        """Print where everything is; nothing follows until the end."""

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
        print(f"mails to people are in {slapd.state / 'mails' / 'new'}, the audit in {slapd.state / 'audit.log'}")
        print("Ctrl-C stops everything; `make demo-reset` deletes the changes.")
        print(f"ready {demo.url}", flush=True)

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
            mails=str(slapd.state / "mails" / "new"),
            audit=str(slapd.state / "audit.log"),
            rectorat=rectorat_logins(slapd),
            samba=demo.samba.ip if demo.samba else None,
        )

    def stopped(self) -> None:
        """Print the event "stopped"."""
        self._print("stopped")

    def _print(self, event: str, **facts: object) -> None:
        print(json.dumps({"event": event, **facts}), flush=True)
