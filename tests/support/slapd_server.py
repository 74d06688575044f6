"""A real slapd in the words of a test, read and written by python-ldap: a client that the gateway does not use.

The server is the demo's own `PrivateSlapd` and not slapdtest's SlapdObject: that one writes a configuration of its
own, with its own access rules, while what must be proved here are the files of `ldif/` as an academy loads them.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import ldap
import ldap.modlist
from ldap.controls.ppolicy import PasswordPolicyControl
from ldap.controls.simple import RelaxRulesControl

from gateway.demo.private_slapd import ADMIN, HASH_COST, SUFFIX, PrivateSlapd
from tests.support.polling import freeze
from tests.support.ports import free_port

PEOPLE = f"ou=people,{SUFFIX}"
POLICIES = f"ou=policies,{SUFFIX}"
PASSWORD = "Ancien-2024"
NUMEN = "12E8534567ABC"
QUICK_HASH = "m=64 t=1 p=1"
"""Argon2 for tests that are not about its cost: half of the time of all tests would go into it otherwise."""
PAST = "20200101080000Z"
BIRTH_DATE = "19850327"
"""What people get who are added without a word about it; as typed: 27/03/1985."""


class SlapdServer:
    """slapd with the schema, rules and policies of `ldif/`, and nobody in it."""

    def __init__(
        self,
        state: Path,
        *,
        tls: str = "",
        more_urls: tuple[str, ...] = (),
        max_size: int = 1 << 26,
        is_empty: bool = False,
        hash_cost: str = HASH_COST,
    ) -> None:
        self.slapd = PrivateSlapd(
            state, free_port(), max_size=max_size, tls=tls, more_urls=more_urls, hash_cost=hash_cost
        )
        self.slapd.create(with_sample_staff=False, is_empty=is_empty)
        self.slapd.start()

    relax = RelaxRulesControl()
    """Lets the administrator write what slapd sets itself otherwise."""

    @property
    def url(self) -> str:
        return self.slapd.url

    def load(self, text: str, *, as_config: bool = False) -> None:
        """Apply an LDIF, to the data or to cn=config."""
        self.slapd.apply(text.encode(), "a test's LDIF", "cn=config" if as_config else ADMIN)

    def add_person(
        self,
        login: str,
        *,
        password: str = PASSWORD,
        surname: str = "Durand",
        given_name: str | list[str] | None = "François",
        **attributes: str | list[str] | None,
    ) -> str:
        """Somebody with a NUMEN and a birth date; `attributes` add to that or, when None, take away."""
        values: dict[str, str | list[str] | None] = {
            "objectClass": ["inetOrgPerson", "mamiaPerson"],
            "uid": login,
            "cn": f"{given_name} {surname}",
            "sn": surname,
            "givenName": given_name,
            "mail": f"{login}@ac-example.fr",
            "birthDate": BIRTH_DATE,
            "numen": NUMEN,
            "userPassword": password,
            **attributes,
        }
        entry = {name: _encoded(value) for name, value in values.items() if value is not None}
        with self.as_admin() as line:
            line.add_ext_s(self.dn(login), ldap.modlist.addModlist(entry), serverctrls=[self.relax])
        return login

    def dn(self, login: str) -> str:
        return f"uid={ldap.dn.escape_dn_chars(login)},{PEOPLE}"

    def read(self, login: str) -> dict[str, list[str]]:
        """Every attribute of the entry, operational ones too, of one moment."""
        entry = self.read_raw(login)
        return {name: [value.decode("utf-8", "replace") for value in values] for name, values in entry.items()}

    def read_raw(self, login: str) -> dict[str, list[bytes]]:
        """As `read`, with values as they are stored."""
        with self.as_admin() as line:
            [(_, found)] = line.search_s(self.dn(login), ldap.SCOPE_BASE, attrlist=["*", "+"])
        attributes: dict[str, list[bytes]] = found
        return attributes

    def set(self, login: str, attribute: str, value: str | list[str] | None) -> None:
        """Also what slapd sets itself otherwise."""
        change = (ldap.MOD_REPLACE, attribute, None if value is None else _encoded(value))
        with self.as_admin() as line:
            line.modify_ext_s(self.dn(login), [change], serverctrls=[self.relax])

    def lock(self, login: str) -> None:
        """By what locks an account in life: ten wrong passwords."""
        for _ in range(10):
            assert not self.binds(login, "certainly wrong")
        assert "pwdAccountLockedTime" in self.read(login)

    def binds(self, login: str, password: str) -> bool:
        with self.connect() as line:
            try:
                line.simple_bind_s(self.dn(login), password)
            except ldap.INVALID_CREDENTIALS:
                return False
        return True

    def bind_control(self, login: str, password: str) -> PasswordPolicyControl:
        """What the policy control says to this bind, right or wrong."""
        with self.connect() as line:
            try:
                message = line.simple_bind(self.dn(login), password, serverctrls=[PasswordPolicyControl()])
                *_, controls = line.result3(message)
            except ldap.INVALID_CREDENTIALS as error:
                controls = [PasswordPolicyControl()]
                for oid, _, value in error.args[0].get("ctrls", []):
                    assert oid == PasswordPolicyControl.controlType
                    controls[0].decodeControlValue(value)
        return controls[0] if controls else PasswordPolicyControl()

    def allow_options(self) -> None:
        """Take attributes with any option that begins with x-, besides those for languages."""
        options = [(ldap.MOD_ADD, "olcAttributeOptions", [b"lang-", b"x-"])]
        with self._bound("cn=config", self.slapd.password("admin")) as line:
            if "olcAttributeOptions" not in line.read_s("cn=config"):
                line.modify_s("cn=config", options)

    def remove_everybody(self) -> None:
        with self.as_admin() as line:
            for dn, _ in line.search_s(PEOPLE, ldap.SCOPE_ONELEVEL, attrlist=["1.1"]):
                line.delete_s(dn)

    def connect(self) -> LdapConnection:
        return LdapConnection(self.url)

    def as_admin(self, administrator: str = ADMIN) -> LdapConnection:
        return self._bound(administrator, self.slapd.password("admin"))

    def as_service(self, name: str) -> LdapConnection:
        return self._bound(f"cn={name},ou=services,{SUFFIX}", self.slapd.password(name))

    def as_person(self, login: str, password: str = PASSWORD) -> LdapConnection:
        return self._bound(self.dn(login), password)

    def restart(self) -> None:
        self.slapd.stop()
        self.slapd.start()

    def kill(self) -> None:
        self.slapd.kill()

    def pause(self) -> None:
        """slapd accepts connections and says nothing: the kernel answers for it."""
        freeze(self.slapd.process_id)

    def resume(self) -> None:
        self.slapd.send_signal(signal.SIGCONT)

    def files(self) -> list[Path]:
        return [Path(folder) / name for folder, _, names in os.walk(self.slapd.state) for name in names]

    def _bound(self, dn: str, password: str) -> LdapConnection:
        line = self.connect()
        line.simple_bind_s(dn, password)
        return line


class LdapConnection(ldap.ldapobject.SimpleLDAPObject):
    """A connection that closes with its block."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.protocol_version = ldap.VERSION3

    def __enter__(self) -> LdapConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.unbind_s()


def _encoded(value: str | list[str]) -> list[bytes]:
    return [one.encode() for one in ([value] if isinstance(value, str) else value)]
