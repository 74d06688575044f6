"""Thousands of people who all have one password, each of whom changes it once."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import date

from tests.support.slapd_server import PASSWORD, PEOPLE, SUFFIX, SlapdServer

NEW = "Orage-Violet-26"
SAMPLE = 20
"""People of a round whose new password is tried."""


@dataclass
class Crowd:
    """p000000, p000001, … Each round takes those whom no round has had: a history makes the next change slower."""

    directory: SlapdServer
    count: int
    next: int = field(default=0, init=False)
    _confirmed: list[range] = field(default_factory=list, init=False)

    def load(self) -> None:
        """Add them with slapd stopped. Their password is hashed as this slapd hashes it, once."""
        self.directory.add_person("model")
        [stored] = self.directory.read_raw("model")["userPassword"]
        hashed = b64encode(stored).decode()
        text = "\n".join(_entry(number, hashed) for number in range(self.count))
        self.directory.slapd.stop()
        config = self.directory.slapd.state / "config"
        subprocess.run(["slapadd", "-q", "-F", config, "-b", SUFFIX], input=text.encode(), check=True)
        self.directory.slapd.start()

    def take(self, count: int) -> int:
        """The number of the first of so many who have not changed yet."""
        first = self.next
        self.pass_on(first + count)
        return first

    def pass_on(self, following: int) -> None:
        """All before this number have had their turn."""
        self.next = following
        if following > self.count:
            raise SystemExit(f"{self.count} people are too few")

    def confirmed(self, first: int, following: int) -> None:
        """The answers to these people said that their password is saved; `verify` looks whether it is."""
        self._confirmed.append(range(first, following))

    def verify(self) -> list[range]:
        """Try passwords of some of those: the new one opens, the old one does not. Return who they were.

        Not while processor time is counted: it hashes too.
        """
        confirmed, self._confirmed = self._confirmed, []
        for people in confirmed:
            for name in map(login, people[:: max(1, len(people) // SAMPLE)]):
                if not self.directory.binds(name, NEW) or self.directory.binds(name, PASSWORD):
                    raise SystemExit(f"{name} has not the new password, although the answer said so")
        return confirmed


def login(number: int) -> str:
    return f"p{number:06}"


def birth_date(number: int) -> date:
    """As load.py writes it too: 700 dates, of 50 years."""
    return date(1950 + number % 50, 1, 1 + number % 28)


def _entry(number: int, hashed: str) -> str:
    name = login(number)
    return (
        f"dn: uid={name},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: mamiaPerson\nuid: {name}\n"
        f"cn: Prenom Nom{number:06}\nsn: Nom{number:06}\ngivenName: Prenom\nmail: {name}@ac-example.fr\n"
        f"birthDate: {birth_date(number):%Y%m%d}\nnumen: 12E{number:07}ABC\ndepartmentNumber: rectorat\n"
        f"userPassword:: {hashed}\npwdChangedTime: 20260101080000Z\n"
    )
