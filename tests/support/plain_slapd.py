"""A slapd that knows nothing of MA-MAMIA, as an academy has it before `mamia setup`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import ldap
import ldap.modlist

from gateway.demo.private_slapd import PrivateSlapd, _run, _ssha
from tests.support.ports import free_port
from tests.support.slapd_server import LdapConnection

PASSWORD = "Ancien-2024"
NUMEN = "12E8534567ABC"


@dataclass(slots=True)
class InstalledSlapd(PrivateSlapd):
    """A slapd whose whole configuration its caller writes."""

    def install(self, configuration: str) -> None:
        """Make the folder with `configuration`, an LDIF for `slapadd -n0` with @STATE@, and start the server."""
        for folder in (self.state, self.state / "config", self.state / "data", self.state / "second"):
            folder.mkdir(mode=0o700, parents=True)
        self._write_secret("admin", "Administrateur-2024")
        values = {"@STATE@": str(self.state), "@PASSWORD@": _ssha(self.password("admin"))}
        for place, value in values.items():
            configuration = configuration.replace(place, value)
        _run(["slapadd", "-n0", "-F", str(self.state / "config")], configuration.encode())
        self.start()


class PlainSlapd:
    """A running slapd with ldapi, and an administrator of the data and of cn=config."""

    suffix = "dc=ac-mine,dc=fr"
    people = "ou=people,dc=ac-mine,dc=fr"
    database = "olcDatabase={1}mdb,cn=config"

    def __init__(self, state: Path) -> None:
        self.socket = state / "ldapi"
        self.slapd = InstalledSlapd(state, free_port(), more_urls=(self.ldapi_url,))
        self.slapd.install(self.configuration())
        self.fill()

    @property
    def ldapi_url(self) -> str:
        """URL by which root is known by SASL EXTERNAL."""
        return "ldapi://" + quote(str(self.socket), safe="")

    @property
    def url(self) -> str:
        return self.slapd.url

    @property
    def admin_dn(self) -> str:
        return f"cn=admin,{self.suffix}"

    @property
    def admin_password_file(self) -> Path:
        return self.slapd.password_file("admin")

    def configuration(self) -> str:
        """The LDIF for `slapadd -n0`."""
        raise NotImplementedError

    def fill(self) -> None:
        """Add the entries that the academy has."""

    def as_admin(self) -> LdapConnection:
        return self.as_account(self.admin_dn, self.slapd.password("admin"))

    def as_account(self, dn: str, password: str) -> LdapConnection:
        connection = LdapConnection(self.url)
        connection.simple_bind_s(dn, password)
        return connection

    def as_root(self) -> LdapConnection:
        """The local root user, who may everything in cn=config and what the rules say in the data."""
        connection = LdapConnection(self.ldapi_url)
        connection.sasl_non_interactive_bind_s("EXTERNAL")
        return connection

    def add(self, dn: str, **values: str | list[str]) -> str:
        entry = {
            name: [one.encode() for one in ([value] if isinstance(value, str) else value)]
            for name, value in values.items()
        }
        with self.as_admin() as connection:
            connection.add_s(dn, ldap.modlist.addModlist(entry))
        return dn

    def read(self, dn: str) -> dict[str, list[str]]:
        """Every attribute of an entry of the data, operational ones too; {} if there is none."""
        with self.as_admin() as connection:
            return _read(connection, dn)

    def read_configuration(self, dn: str) -> dict[str, list[str]]:
        """Every attribute of an entry of cn=config; {} if there is none."""
        with self.as_root() as connection:
            return _read(connection, dn)

    def configuration_dns(self) -> list[str]:
        with self.as_root() as connection:
            return [dn for dn, _ in connection.search_s("cn=config", ldap.SCOPE_SUBTREE, attrlist=["1.1"])]

    def modify_configuration(self, dn: str, *changes: tuple[int, str, list[str] | None]) -> None:
        with self.as_root() as connection:
            connection.modify_s(
                dn,
                [
                    (kind, name, None if values is None else [v.encode() for v in values])
                    for kind, name, values in changes
                ],
            )

    def load_configuration(self, text: str) -> None:
        """Apply an LDIF to cn=config as the local root user."""
        self._load(text, ["-Y", "EXTERNAL", "-Q", "-H", self.ldapi_url])

    def load(self, text: str) -> None:
        """Apply an LDIF to the data as the administrator."""
        self._load(text, ["-x", "-H", self.url, "-D", self.admin_dn, "-y", str(self.admin_password_file)])

    def binds(self, dn: str, password: str) -> bool:
        try:
            self.as_account(dn, password).unbind_s()
        except ldap.INVALID_CREDENTIALS:
            return False
        return True

    def restart(self) -> None:
        """Stop and start. Raises SlapdFailed where the configuration keeps it from starting."""
        self.slapd.stop()
        self.slapd.start()

    def stop(self) -> None:
        self.slapd.stop()

    def files(self) -> list[Path]:
        return [Path(folder) / name for folder, _, names in os.walk(self.slapd.state) for name in names]

    @staticmethod
    def _load(text: str, options: list[str]) -> None:
        _run(["ldapadd", *options, "-e", "relax"], text.encode(), "a test's LDIF")


def _read(connection: LdapConnection, dn: str) -> dict[str, list[str]]:
    try:
        [(_, found)] = connection.search_s(dn, ldap.SCOPE_BASE, attrlist=["*", "+"])
    except ldap.NO_SUCH_OBJECT:
        return {}
    return {name: [value.decode("utf-8", "replace") for value in values] for name, values in found.items()}
