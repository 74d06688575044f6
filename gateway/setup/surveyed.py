"""A directory's configuration (slapd-config(5)) as values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.account.errors import DirectoryMisconfigured
from gateway.ldap import Entry, is_below
from gateway.ldap import normal_dn as normal_dn
from gateway.setup.people_look import PeopleLook

NUMBER = re.compile(r"^\{(-?\d+)\}")
"""The number that slapd puts before ordered values and in DNs."""
NO_PEOPLE = ("frontend", "config", "monitor")
"""Kinds of databases that hold no entries of an academy."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """One overlay of a database; slapd runs the one with the highest number first."""

    dn: str
    kind: str
    """Without number, as ppolicy, sock, syncprov."""
    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Replication:
    """One olcSyncrepl: from where this server copies, and with which account."""

    provider: str
    search_base: str
    bind_dn: str


@dataclass(frozen=True, slots=True)
class Database:
    """One database of slapd."""

    dn: str
    """With its number, as olcDatabase={1}mdb,cn=config."""
    kind: str
    number: int
    entry: Entry
    overlays: tuple[Overlay, ...] = ()
    """In the order of their numbers."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Return the DNs whose subtrees it holds."""
        return self.entry.all("olcSuffix")

    @property
    def root_dn(self) -> str:
        """Return the DN that no rule restricts; "" if there is none."""
        return self.entry.first("olcRootDN")

    @property
    def access(self) -> tuple[str, ...]:
        """Return the access rules in their order, without numbers."""
        return in_order(self.entry.all("olcAccess"))

    @property
    def limits(self) -> tuple[str, ...]:
        """Return the search limits in their order, without numbers."""
        return in_order(self.entry.all("olcLimits"))

    @property
    def indices(self) -> tuple[str, ...]:
        """Return the index lines, such as "sn,mail pres,eq"."""
        return self.entry.all("olcDbIndex")

    @property
    def records_logins(self) -> bool:
        """Return whether slapd writes pwdLastSuccess (olcLastBind)."""
        return self.entry.first("olcLastBind").upper() == "TRUE"

    @property
    def replications(self) -> tuple[Replication, ...]:
        """Return from where it copies."""
        return tuple(_replication(value) for value in self.entry.all("olcSyncrepl"))

    @property
    def is_consumer(self) -> bool:
        """Return whether it takes no writes, because it copies another server and is no mirror of it."""
        writes_too = any(self.entry.first(name).upper() == "TRUE" for name in ("olcMultiProvider", "olcMirrorMode"))
        return bool(self.replications) and not writes_too

    def overlays_of(self, kind: str) -> tuple[Overlay, ...]:
        """Return its overlays of one kind."""
        return tuple(overlay for overlay in self.overlays if overlay.kind == kind)


@dataclass(frozen=True, slots=True)
class ModuleList:
    """One entry of modules that slapd loads."""

    dn: str
    number: int
    path: str
    loads: tuple[str, ...]
    """Each with its arguments, without number."""

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the modules: "ppolicy" also for /usr/lib/ldap/ppolicy.la."""
        return frozenset(re.sub(r"\.(la|so).*$", "", line.split()[0].rpartition("/")[2]) for line in self.loads)


@dataclass(frozen=True, slots=True)
class SchemaEntry:
    """One entry below cn=schema,cn=config."""

    dn: str
    name: str
    attribute_types: tuple[str, ...]
    object_classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """A directory at one moment."""

    url: str
    data_dn: str
    """Who would write entries."""
    databases: tuple[Database, ...]
    """All of them, with frontend, config and monitor."""
    modules: tuple[ModuleList, ...]
    schemas: tuple[SchemaEntry, ...]
    policies: tuple[Entry, ...] = ()
    """The password policies of all databases."""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """Lower-case DN → entry, of those that were asked for and exist."""
    people: PeopleLook | None = None
    peoples_policies: tuple[str, ...] = ()
    """DNs of the policies that people's entries name."""
    lacking_class: int = 0
    """How many of the people whom Options.class_for selects have not our class."""
    writable: frozenset[str] = frozenset()
    """Suffixes in which `data_dn` may write entries."""
    listening: frozenset[str] = frozenset()
    """Paths of the Unix sockets that were asked for and where a program listens."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Return the suffixes of the databases that hold entries, in slapd's order."""
        return tuple(suffix for one in self.databases if one.kind not in NO_PEOPLE for suffix in one.suffixes)

    @property
    def configuration(self) -> Database:
        """Return the database cn=config."""
        return self._of_kind("config")

    @property
    def frontend(self) -> Database:
        """Return the frontend, whose rules and hashes are for all databases."""
        return self._of_kind("frontend")

    @property
    def monitor(self) -> Database | None:
        """Return the database cn=Monitor, if there is one."""
        return next((one for one in self.databases if one.kind == "monitor"), None)

    @property
    def password_hashes(self) -> tuple[str, ...]:
        """Return the schemes in which slapd stores new passwords; () is its default, {SSHA}."""
        return self.frontend.entry.all("olcPasswordHash")

    @property
    def module_names(self) -> frozenset[str]:
        """Return the names of all loaded modules."""
        return frozenset().union(*(one.names for one in self.modules))

    def knows_class(self, name: str) -> bool:
        """Return whether the schema has the object class `name`."""
        return any(f"'{name}'" in one for schema in self.schemas for one in schema.object_classes)

    def database_of(self, dn: str) -> Database | None:
        """Return the database that holds the entry `dn`, with the longest suffix that fits."""
        fitting = [
            (len(suffix), one)
            for one in self.databases
            if one.kind not in NO_PEOPLE
            for suffix in one.suffixes
            if is_below(dn, suffix)
        ]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else None

    def entry(self, dn: str) -> Entry | None:
        """Return an entry that was asked for, if it exists."""
        return self.entries.get(normal_dn(dn))

    def default_policy(self, database: Database) -> str:
        """Return the DN that the policy overlay names for everybody; "" if there is none."""
        return next((one.entry.first("olcPPolicyDefault") for one in database.overlays_of("ppolicy")), "")

    def _of_kind(self, kind: str) -> Database:
        for one in self.databases:
            if one.kind == kind:
                return one
        raise DirectoryMisconfigured(f"{self.url}: cn=config holds no database {kind}, or it may not be read")


def in_order(values: Sequence[str]) -> tuple[str, ...]:
    """Return values such as "{0}to * by * read" in the order of their numbers, and without these."""
    numbered = sorted(enumerate(values), key=lambda pair: (number_of(pair[1], pair[0]), pair[0]))
    return tuple(NUMBER.sub("", value) for _, value in numbered)


def number_of(value: str, default: int) -> int:
    """Return the number before a value, such as 1 for {1}mdb; `default` if there is none."""
    found = NUMBER.match(value)
    return int(found[1]) if found else default


def _replication(value: str) -> Replication:
    def parameter(name: str) -> str:
        found = re.search(rf'(?:^|\s){name}=(?:"([^"]*)"|(\S+))', value, re.IGNORECASE)
        return (found[1] or found[2] or "") if found else ""

    return Replication(parameter("provider"), parameter("searchbase"), parameter("binddn"))
