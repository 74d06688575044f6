"""The forms in which a part of the program declares what it needs.

A part is a page, a process or a command. `gateway.needs.needs_of` collects the declarations for given settings; the
checks test them, `mamia setup` writes access rules and indices from them, and docs/needs.md lists them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from enum import Enum, Flag, StrEnum, auto
from pathlib import Path


class Part(StrEnum):
    """A page, a process or a command."""

    FIND = "find"
    RESET = "reset"
    INITIAL_PASSWORD = "reset to the initial password"  # noqa: S105 - a name
    CHANGE = "change"
    RESULT = "result page"
    SECOND_FACTOR = "second factor"
    RESET_CODE = "code of the helpdesk"
    AGENT_PAGES = "pages of the helpdesk"
    RECOVERY = "recovery methods"
    CHARTER = "acceptable use policy"
    NOTIFICATIONS = "notifications"
    API = "API"
    METRICS = "metrics"
    SAMBA_NT = "Samba NT workstations"
    ORACLE = "password oracle"
    WORKER = "mamia sync"
    LISTENER = "mamia capture"
    REMINDERS = "mamia remind"
    ACCOUNT = "mamia account"
    IMPORT = "mamia people import"
    CHECK = "mamia check"


class Account(StrEnum):
    """An account in the directory that the program uses."""

    GATEWAY = "gateway"
    WORKER = "worker"
    LISTENER = "listener"
    HELPDESK = "helpdesk"
    REMINDERS = "reminders"
    OPERATOR = "operator"
    """Not a service account: what a command does in the name of the person who runs it (--bind-dn)."""


class Access(Flag):
    """What an account may do with an attribute (slapd.access(5): c, s, r, w, z)."""

    COMPARE = auto()
    SEARCH = auto()
    VALUES = auto()
    """See values."""
    WRITE = auto()
    DELETE = auto()
    """Remove values, and write none."""
    READ = COMPARE | SEARCH | VALUES

    @property
    def words(self) -> str:
        """Return the access in words, such as "search, compare"."""
        left = self
        found = []
        for access, word in ((Access.READ, "read"), (Access.SEARCH, "search by"), (Access.COMPARE, "compare")):
            if access in left:
                found.append(word)
                left &= ~access
        found += [word for access, word in ((Access.WRITE, "write"), (Access.DELETE, "delete")) if access in self]
        return ", ".join(found)


class Place(Enum):
    """Entries on which an account needs a right."""

    PEOPLE = "people"
    """Entries below people.base; a right to write is for those of people.filter alone."""
    ANYWHERE = "the whole suffix"
    """Entries that were moved out of people.base."""
    DECOY = "the decoy"
    OWN = "its own entry"
    ACCOUNTS = "the service accounts"
    POLICIES = "the password policies"
    GROUPS = "the groups of protected people"
    SUFFIX = "the suffix's own entry"
    OPERATIONS = "cn=Operations,cn=Monitor"
    CONNECTIONS = "cn=Connections,cn=Monitor"
    CONFIGURATION = "cn=config"


@dataclass(frozen=True, slots=True)
class Right:
    """An account's right to attributes on the entries of one place."""

    account: Account
    place: Place
    access: Access
    attributes: tuple[str, ...]
    """("*",): all attributes."""
    parts: tuple[Part, ...]
    why: str
    """One sentence: what it is for."""
    condition: str = ""
    """LDAP filter: only on entries that match it; "": on all."""
    values: tuple[str, ...] = ()
    """Only these values may be written; (): all."""
    setting: str = ""
    """Key of the setting that names the attributes, where it is a filter."""

    def without(self, names: Container[str]) -> Right:
        """Return the same right without the attributes `names`."""
        return replace(self, attributes=tuple(name for name in self.attributes if name not in names))


@dataclass(frozen=True, slots=True)
class Control:
    """An LDAP control that a server must know."""

    oid: str
    name: str
    parts: tuple[Part, ...]
    why: str
    is_critical: bool = True
    """Whether the part does not work without it."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index of the database, for the filters that are sent."""

    attribute: str
    kinds: str
    """As in olcDbIndex: eq, pres or pres,eq."""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Overlay:
    """An overlay of the database of people, or a value of it."""

    name: str
    parts: tuple[Part, ...]
    why: str


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """A password policy in the directory."""

    role: str
    """Whose it is."""
    dn: str
    """"" if no setting names it."""
    parts: tuple[Part, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Limit:
    """How many entries an account finds by one search (olcLimits)."""

    account: Account
    entries: int
    page_entries: int
    """Entries per page of a paged search (RFC 2696); 0: no paged search."""
    seconds: int
    why: str


@dataclass(frozen=True, slots=True)
class Service:
    """Another service that a part calls."""

    setting: str
    """Key of the setting that names it."""
    address: str
    parts: tuple[Part, ...]
    operations: str
    """What is done there."""
    without: str
    """What happens while it does not answer."""


class FileUse(Enum):
    """How a process uses a file."""

    READ = "reads"
    APPEND = "writes"
    FOLDER = "makes files in"
    CONNECT = "connects to"


@dataclass(frozen=True, slots=True)
class FileNeed:
    """A file or folder that a process uses."""

    setting: str
    path: Path
    process: str
    """"mamia serve", "mamia sync", "mamia capture" or "mamia remind"."""
    use: FileUse
    is_secret: bool = False
    """Whether nobody but that process may read it."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything that the parts need which the settings switch on."""

    rights: tuple[Right, ...]
    secrets: tuple[str, ...]
    """Attributes that nobody but their owner and our accounts may read anywhere."""
    shown_to_owner: tuple[str, ...]
    """Those of `secrets` that people may read on their own entry."""
    controls: tuple[Control, ...]
    indices: tuple[Index, ...]
    overlays: tuple[Overlay, ...]
    policies: tuple[PolicyEntry, ...]
    limits: tuple[Limit, ...]
    services: tuple[Service, ...]
    files: tuple[FileNeed, ...]

    def of(self, account: Account) -> Iterator[Right]:
        """Yield the rights of one account."""
        return (right for right in self.rights if right.account is account)
