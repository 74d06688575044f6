"""What a directory's configuration is (slapd-config(5)), and which of the entries that setup needs are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ldap3 import SUBTREE, Connection
from ldap3.core.results import (
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
    RESULT_SUCCESS,
)

from gateway.account.errors import DirectoryMisconfigured
from gateway.ldap import ANYTHING, Entry, check_result, modify, read_entry, try_search
from gateway.setup.access import Access
from gateway.setup.people_look import look_at_people
from gateway.setup.surveyed import NO_PEOPLE, NUMBER, number_of
from gateway.setup.surveyed import Database as Database
from gateway.setup.surveyed import ModuleList as ModuleList
from gateway.setup.surveyed import Overlay as Overlay
from gateway.setup.surveyed import Replication as Replication
from gateway.setup.surveyed import SchemaEntry as SchemaEntry
from gateway.setup.surveyed import Survey as Survey
from gateway.setup.surveyed import in_order as in_order
from gateway.setup.surveyed import normal_dn as normal_dn

POLICY = "(objectClass=pwdPolicy)"
MAX_POLICIES = 200
UNREADABLE = (RESULT_SUCCESS, RESULT_NO_SUCH_OBJECT, RESULT_INSUFFICIENT_ACCESS_RIGHTS)
SLAPD_CONF = (
    "; a slapd with a file slapd.conf has none that can be changed: convert that file first, with "
    "slaptest -f slapd.conf -F slapd.d, and start slapd with -F"
)


def survey(access: Access, *, entries: Iterable[str] = (), people_base: str = "", looks: bool = True) -> Survey:
    """Read the configuration, the policies, `entries` and how people below `people_base` look.

    Without `people_base`, people are looked for below every suffix; without `looks` not at all. Raises
    ServerUnavailable, and DirectoryMisconfigured if cn=config may not be read.
    """
    found = try_search(access.config, "cn=config", ANYTHING, ["*"])
    check_result(found.result, "search below cn=config", accepted=UNREADABLE)
    if not any(entry.dn.lower().startswith("olcdatabase=") for entry in found.entries):
        raise DirectoryMisconfigured(f"this account may not read cn=config{SLAPD_CONF}")
    return _surveyed(access, found.entries, entries, people_base, looks=looks)


def _surveyed(
    access: Access, found: Sequence[Entry], entries: Iterable[str], people_base: str, *, looks: bool
) -> Survey:
    databases = _databases(found)
    suffixes = tuple(suffix for one in databases if one.kind not in NO_PEOPLE for suffix in one.suffixes)
    return Survey(
        access.url,
        access.data_dn,
        databases,
        tuple(sorted(_module_lists(found), key=lambda one: one.number)),
        tuple(_schema(entry) for entry in found if entry.dn.lower().endswith(",cn=schema,cn=config")),
        policies=_policies(access.data, suffixes),
        entries=read_entries(access, entries),
        people=look_at_people(access.data, [people_base] if people_base else suffixes) if looks else None,
        writable=frozenset(suffix for suffix in suffixes if _may_write(access, databases, suffix)),
    )


def read_entries(access: Access, dns: Iterable[str]) -> Mapping[str, Entry]:
    """Return those of the entries `dns` that exist, by their DN in lower case."""
    read = {normal_dn(dn): read_entry(access.data, dn, ["*", "+"]) for dn in dns if dn}
    return {dn: entry for dn, entry in read.items() if entry is not None}


def _databases(found: Sequence[Entry]) -> tuple[Database, ...]:
    databases = []
    for entry in found:
        if "olcdatabase" not in entry.by_type:
            continue
        kind, number = _kind_and_number(entry.first("olcDatabase"))
        overlays = sorted(_overlays_below(entry.dn, found), key=lambda overlay: overlay.number)
        databases.append(Database(entry.dn, kind, number, entry, tuple(overlays)))
    return tuple(sorted(databases, key=lambda one: one.number))


def _overlays_below(dn: str, found: Sequence[Entry]) -> Iterable[Overlay]:
    for entry in found:
        if "olcoverlay" in entry.by_type and entry.dn.lower().endswith("," + dn.lower()):
            kind, number = _kind_and_number(entry.first("olcOverlay"))
            yield Overlay(entry.dn, kind, number, entry)


def _kind_and_number(value: str) -> tuple[str, int]:
    number = number_of(value, 0)
    return NUMBER.sub("", value).lower(), number


def _module_lists(found: Iterable[Entry]) -> Iterable[ModuleList]:
    for entry in found:
        if "olcModuleList" in entry.all("objectClass"):
            number = re.search(r"\{(\d+)\}", entry.dn)
            place = int(number[1]) if number else 0
            yield ModuleList(entry.dn, place, entry.first("olcModulePath"), in_order(entry.all("olcModuleLoad")))


def _schema(entry: Entry) -> SchemaEntry:
    return SchemaEntry(
        entry.dn,
        NUMBER.sub("", entry.first("cn")),
        in_order(entry.all("olcAttributeTypes")),
        in_order(entry.all("olcObjectClasses")),
    )


def _policies(connection: Connection, suffixes: Iterable[str]) -> tuple[Entry, ...]:
    return tuple(
        entry
        for suffix in suffixes
        for entry in try_search(connection, suffix, POLICY, ["*"], SUBTREE, size_limit=MAX_POLICIES).entries
    )


def _may_write(access: Access, databases: Sequence[Database], suffix: str) -> bool:
    """Return whether the account is the database's administrator, or may write the entry `suffix`.

    It asks for that by deleting a value which does not exist.
    """
    if any(suffix in one.suffixes and normal_dn(one.root_dn) == normal_dn(access.data_dn) for one in databases):
        return True
    nothing = {"description": [("MODIFY_DELETE", ["no such value, asked by mamia setup"])]}
    return bool(modify(access.data, suffix, nothing)["result"] == RESULT_NO_SUCH_ATTRIBUTE)
