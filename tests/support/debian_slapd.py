"""Debian's slapd as `apt-get install slapd` leaves it, with some people who were added since."""

from __future__ import annotations

from pathlib import Path

from gateway.demo.private_slapd import _ssha
from tests.support.plain_slapd import NUMEN, PASSWORD, PlainSlapd

PACKAGED = Path("/usr/share/slapd/slapd.init.ldif")
"""What the package makes its first configuration from."""
PEOPLE = (
    ("fdurand", "François", "Durand", "19850327", NUMEN),
    ("smoreau", "Sophie", "Moreau", "19800615", "12E8534568ABD"),
    ("nroux", "Noé", "Roux", "19900102", "12E8534569ABE"),
)
"""Login, given name, surname, birth date and NUMEN; the directory holds the first three."""


def packaged_configuration(suffix: str) -> str:
    """Return the package's configuration for `suffix`, with its files in the folder @STATE@."""
    text = PACKAGED.read_text().replace("@SUFFIX@", suffix)
    for packaged, ours in (("/var/lib/ldap", "@STATE@/data"), ("/var/run/slapd/", "@STATE@/")):
        assert packaged in text
        text = text.replace(packaged, ours)
    # The package's script, too, adds the root entry afterwards.
    return text.replace("olcDbMaxSize: 1073741824", "olcDbMaxSize: 67108864")


class DebianSlapd(PlainSlapd):
    """Debian's default rules, in which everybody reads everything but userPassword; inetOrgPerson people."""

    def configuration(self) -> str:
        return packaged_configuration(self.suffix)

    def fill(self) -> None:
        self.add(
            self.suffix,
            objectClass=["top", "dcObject", "organization"],
            dc=self.suffix.partition(",")[0].removeprefix("dc="),
            o="Académie",
        )
        self.add(self.people, objectClass="organizationalUnit", ou="people")
        for login, given_name, surname, *_ in PEOPLE:
            self.add_person(login, given_name, surname)

    def dn(self, login: str) -> str:
        return f"uid={login},{self.people}"

    def add_person(self, login: str, given_name: str = "François", surname: str = "Durand") -> str:
        """Somebody without an attribute of ours, and the hash that Debian's slapd makes."""
        return self.add(
            self.dn(login),
            objectClass="inetOrgPerson",
            uid=login,
            cn=f"{given_name} {surname}",
            sn=surname,
            givenName=given_name,
            mail=f"{login}@ac-mine.fr",
            departmentNumber="rectorat",
            userPassword=_ssha(PASSWORD),
        )
