"""A directory in which mistakes are planted, with the settings of a gateway that uses it; it restores both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ldap
import ldap.modlist

from gateway.settings import Settings
from tests.support.gateway_settings import settings_for
from tests.support.slapd_server import POLICIES, SUFFIX, SlapdServer

Entries = dict[str, dict[str, list[bytes]]]
"""DN → attribute → values."""
SERVICES = f"ou=services,{SUFFIX}"
DATABASE = "olcDatabase={1}mdb,cn=config"
FRONTEND = "olcDatabase={-1}frontend,cn=config"
OVERLAY = "olcOverlay={0}ppolicy," + DATABASE
DEFAULT_POLICY, DECOY_POLICY = f"cn=default,{POLICIES}", f"cn=decoy,{POLICIES}"
DECOY, GATEWAY = f"cn=decoy,{SERVICES}", f"cn=gateway,{SERVICES}"
SET_BY_SLAPD = {
    "entryCSN", "contextCSN", "modifyTimestamp", "modifiersName", "createTimestamp", "creatorsName", "entryUUID",
    "structuralObjectClass", "subschemaSubentry", "entryDN", "hasSubordinates", "olcOverlay", "olcDatabase",
    "pwdLastSuccess", "authTimestamp",
}  # fmt: skip
"""Attributes that no client writes."""
PASSES = 4
"""Changing a password makes slapd change other attributes, which the next pass brings back."""


class PlantedDirectory:
    """`server` and the settings' `sections`, as they are now."""

    def __init__(self, server: SlapdServer, modules: Sequence[str] = (), **sections: dict[str, Any]) -> None:
        """`modules` are loaded, because slapd cannot unload the one that a mistake would need."""
        self.server = server
        for module in modules:
            self.change_values(ldap.MOD_ADD, "cn=module{0},cn=config", olcModuleLoad=module)
        self.sections: dict[str, dict[str, Any]] = {}
        self._sections = sections
        self._data, self._config = self._dump(SUFFIX), self._dump("cn=config")
        self.forget_settings()

    @property
    def settings(self) -> Settings:
        """Settings of today. Raises pydantic.ValidationError."""
        return settings_for(self.server, **self.sections)

    def forget_settings(self) -> None:
        """Take the settings of the beginning again."""
        self.sections = {name: dict(values) for name, values in self._sections.items()}

    def set(self, section: str, **values: Any) -> None:
        """Write into a section of the settings."""
        self.sections.setdefault(section, {}).update(values)

    def change(self, dn: str, **values: str | list[str] | None) -> None:
        """Replace attributes of an entry, of cn=config too; None: delete."""
        changes = [(ldap.MOD_REPLACE, name, _encoded(value)) for name, value in values.items()]
        with self._writer(dn) as line:
            line.modify_ext_s(dn, changes, serverctrls=_relax(dn))

    def add(self, dn: str, **values: str | list[str]) -> None:
        """Add an entry, to cn=config too."""
        entry = {name: _encoded(value) for name, value in values.items()}
        with self._writer(dn) as line:
            line.add_ext_s(dn, ldap.modlist.addModlist(entry), serverctrls=_relax(dn))

    def delete(self, dn: str) -> None:
        """Delete an entry, of cn=config too."""
        with self._writer(dn) as line:
            line.delete_s(dn)

    def put_rule(self, rule: str, database: str = DATABASE) -> None:
        """Put an access rule before all others."""
        self.change_values(ldap.MOD_ADD, database, olcAccess="{0}" + rule)

    def take_rule(self, database: str = DATABASE) -> None:
        """Delete the first access rule."""
        self.change_values(ldap.MOD_DELETE, database, olcAccess="{0}")

    def change_values(self, how: int, dn: str, **values: str | list[str]) -> None:
        """Add (ldap.MOD_ADD) or delete (ldap.MOD_DELETE) values."""
        with self._writer(dn) as line:
            line.modify_ext_s(dn, [(how, name, _encoded(value)) for name, value in values.items()], _relax(dn))

    def dump(self) -> Entries:
        """Return everything that the directory holds, operational attributes too, and cn=config."""
        return {**self._dump(SUFFIX), **self._dump("cn=config")}

    def restore(self) -> None:
        """Bring directory and settings back."""
        self.forget_settings()
        if not self.server.slapd.is_running:
            self.server.slapd.start()
        self._restore(("cn=config", self._config), (SUFFIX, self._data))

    def restore_data(self) -> None:
        """Bring entries back, not the configuration: a fix that loads a file of ldif/ again."""
        self._restore((SUFFIX, self._data))

    def restore_configuration(self) -> None:
        """Bring cn=config back, not the entries: a fix that loads a file of ldif/ again."""
        self._restore(("cn=config", self._config))

    def _restore(self, *dumps: tuple[str, Entries]) -> None:
        for base, before in dumps:
            for _ in range(PASSES):
                if not self._bring_back(base, before):
                    break
            else:
                raise AssertionError(f"{base} can't be brought back: {list(self._differences(base, before))}")

    def _bring_back(self, base: str, before: Entries) -> bool:
        """Return whether something had to be changed."""
        while extra := self._extra(base, before):
            self.delete(extra)
        now = self._dump(base)
        missing = sorted(before.keys() - now.keys(), key=lambda dn: dn.count(","))
        for dn in missing:
            with self._writer(dn) as line:
                line.add_ext_s(dn, list(_writable(before[dn], keep={"olcOverlay"}).items()), _relax(dn))
        differences = dict(self._differences(base, before))
        for dn, changes in differences.items():
            with self._writer(dn) as line:
                line.modify_ext_s(dn, changes, _relax(dn))
        return bool(missing or differences)

    def _extra(self, base: str, before: Entries) -> str:
        """Return an entry that was not there. Overlays get other numbers when one is added or deleted."""
        known = {_without_number(dn) for dn in before}
        found = [dn for dn in self._dump(base) if dn not in before]
        return max(found, key=lambda dn: (_without_number(dn) not in known, dn.count(","), dn), default="")

    def _differences(self, base: str, before: Entries) -> Iterable[tuple[str, list[tuple[int, str, Any]]]]:
        now = self._dump(base)
        for dn, entry in before.items():
            wanted, held = _writable(entry), _writable(now.get(dn, {}))
            names = sorted(wanted.keys() | held.keys())
            changed = [name for name in names if sorted(wanted.get(name, [])) != sorted(held.get(name, []))]
            # slapd changes other attributes with a password; the next pass brings them back.
            changed = ["userPassword"] if "userPassword" in changed else changed
            if dn in now and changed:
                yield dn, [(ldap.MOD_REPLACE, name, wanted.get(name)) for name in changed]

    def _dump(self, base: str) -> Entries:
        with self._writer(base) as line:
            found = line.search_s(base, ldap.SCOPE_SUBTREE, attrlist=["*", "+"])
        return {dn: dict(attributes) for dn, attributes in found if "cn=schema" not in dn}

    def _writer(self, dn: str) -> Any:
        return self.server.as_admin("cn=config") if dn.endswith("cn=config") else self.server.as_admin()


def secret_file(folder: Path, text: str) -> Path:
    """A file with a password, as `bind_password_file` names it."""
    file = folder / "password"
    file.write_text(text)
    return file


def _writable(entry: Mapping[str, list[bytes]], keep: Iterable[str] = ()) -> dict[str, list[bytes]]:
    left_out = SET_BY_SLAPD - set(keep)
    return {name: values for name, values in entry.items() if name not in left_out and name != "memberOf"}


def _without_number(dn: str) -> str:
    return re.sub(r"\{-?\d+\}", "", dn)


def _relax(dn: str) -> list[Any]:
    return [] if dn.endswith("cn=config") else [SlapdServer.relax]


def _encoded(value: str | list[str] | None) -> list[bytes] | None:
    if value is None:
        return None
    return [one.encode() for one in ([value] if isinstance(value, str) else value)]
