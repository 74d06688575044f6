"""The C client, which is compiled when it is needed: what the directory alone can do."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.crowd import NEW
from tests.bench.rounds import Load
from tests.support.slapd_server import PASSWORD, PEOPLE, SUFFIX, SlapdServer

SOURCE = Path(__file__).with_name("ldap_client.c")
ALL = 1_000_000


@dataclass
class LdapClient:
    """Changes passwords on so many threads, each with connections that it keeps."""

    folder: Path
    directory: SlapdServer
    threads: int
    _process: subprocess.Popen[str] | None = field(default=None, init=False)

    def start(self) -> None:
        program = self.folder / "ldap-client"
        warnings, libraries = ("-Wall", "-Wextra", "-Werror"), ("-lldap", "-llber", "-lpthread")
        subprocess.run(["gcc", "-O2", *warnings, "-o", program, SOURCE, *libraries], check=True)
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        service = f"cn=gateway,ou=services,{SUFFIX}", self.directory.slapd.password("gateway")
        self._say(self.directory.url, *service, PEOPLE, PASSWORD, NEW, str(self.threads))

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def change(self, first: int, *, seconds: int = 600, at_most: int = ALL) -> Load:
        """Of people from that number on, who follow each other without a gap."""
        assert self._process
        assert self._process.stdout
        self._say(f"{first} {at_most} {seconds}")
        return Load(**json.loads(self._process.stdout.readline()))

    def stop(self) -> None:
        if self._process:
            assert self._process.stdin
            self._process.stdin.close()
            self._process.wait(30)
            self._process = None

    def _say(self, *lines: str) -> None:
        assert self._process
        assert self._process.stdin
        self._process.stdin.write("".join(line + "\n" for line in lines))
        self._process.stdin.flush()
