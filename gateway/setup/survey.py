"""What a directory's configuration is (slapd-config(5)), and which of the entries that setup needs are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ldap3 import SUBTREE, Connection
from ldap3.core.results import RESULT_NO_SUCH_ATTRIBUTE

from gateway.account.errors import DirectoryMisconfigured
from gateway.ldap import ANYTHING, Entry, is_below, modify, read_entry, search, try_search
from gateway.setup.access import Access
from gateway.setup.people_look import PeopleLook, look_at_people

NUMBER = re.compile(r"^\{(-?\d+)\}")
"""The number that slapd puts before ordered values and in DNs."""
POLICY = "(objectClass=pwdPolicy)"
MAX_POLICIES = 200


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
        return tuple(suffix for one in self.databases if one.kind not in _NO_PEOPLE for suffix in one.suffixes)

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
            if one.kind not in _NO_PEOPLE
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


_NO_PEOPLE = ("frontend", "config", "monitor")


def survey(access: Access, *, entries: Iterable[str] = (), people_base: str = "") -> Survey:
    """Read the configuration, the policies, `entries` and how people below `people_base` look.

    Without `people_base`, people are looked for below every suffix. Raises ServerUnavailable, and
    DirectoryMisconfigured if cn=config may not be read.
    """
    found = search(access.config, "cn=config", ANYTHING, ["*"])
    if not any(entry.dn.lower().startswith("olcdatabase=") for entry in found):
        raise DirectoryMisconfigured(f"{access.url}: this account may not read cn=config")
    databases = _databases(found)
    suffixes = tuple(suffix for one in databases if one.kind not in _NO_PEOPLE for suffix in one.suffixes)
    return Survey(
        access.url,
        access.data_dn,
        databases,
        tuple(sorted(_module_lists(found), key=lambda one: one.number)),
        tuple(_schema(entry) for entry in found if entry.dn.lower().endswith(",cn=schema,cn=config")),
        policies=_policies(access.data, suffixes),
        entries=read_entries(access, entries),
        people=look_at_people(access.data, [people_base] if people_base else suffixes),
        writable=frozenset(suffix for suffix in suffixes if _may_write(access, databases, suffix)),
    )


def read_entries(access: Access, dns: Iterable[str]) -> Mapping[str, Entry]:
    """Return those of the entries `dns` that exist, by their DN in lower case."""
    read = {normal_dn(dn): read_entry(access.data, dn, ["*", "+"]) for dn in dns if dn}
    return {dn: entry for dn, entry in read.items() if entry is not None}


def in_order(values: Sequence[str]) -> tuple[str, ...]:
    """Return values such as "{0}to * by * read" in the order of their numbers, and without these."""
    numbered = sorted(enumerate(values), key=lambda pair: (_number(pair[1], pair[0]), pair[0]))
    return tuple(NUMBER.sub("", value) for _, value in numbered)


def normal_dn(dn: str) -> str:
    """Return `dn` in lower case and without blanks around commas, for comparisons."""
    return re.sub(r"\s*([,=])\s*", r"\1", dn.strip()).lower()


def _number(value: str, default: int) -> int:
    found = NUMBER.match(value)
    return int(found[1]) if found else default


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
    number = _number(value, 0)
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


def _replication(value: str) -> Replication:
    def parameter(name: str) -> str:
        found = re.search(rf'(?:^|\s){name}=(?:"([^"]*)"|(\S+))', value, re.IGNORECASE)
        return (found[1] or found[2] or "") if found else ""

    return Replication(parameter("provider"), parameter("searchbase"), parameter("binddn"))


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
