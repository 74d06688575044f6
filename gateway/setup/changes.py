"""What setup would change in a directory, as values: one `Change` per write, in the order in which they are safe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.setup.layout import Layout
from gateway.setup.places import Places
from gateway.setup.records import Record

ARGON2 = "m=19456 t=3 p=1"
"""Memory in KiB, passes and lanes, as ldif/10-modules.ldif says why."""
PERSON_CLASS = "mamiaPerson"
STATE_ATTRIBUTES = ("mamiaPendingSecret", "mamiaSyncState", "mamiaSyncLease", "mamiaPasswordStamp")
"""Of this class: what gateway, worker and listener write; without them it means nothing."""
DATA_ATTRIBUTES = ("birthDate", "patronymicName", "numen", "temporaryAgentNumber", "privateMail")
"""Of this class: what the academy enters."""


class Subject(StrEnum):
    """What a change is about; undo has one rule for each."""

    SCHEMA = "schema"
    MODULES = "modules"
    RULES = "rules"
    LIMITS = "limits"
    INDICES = "indices"
    POLICIES = "policies"
    OVERLAY = "overlay"
    HASH = "hash"
    ENTRIES = "entries"
    """Service accounts, the group of protected people, and folders for them."""
    PASSWORDS = "passwords"
    CONFIGURATION = "configuration"
    """The right to read some attributes of cn=config."""
    MONITOR = "monitor"
    PEOPLE = "people"
    """Our object class on people who are there."""
    ORACLE = "oracle"
    """The overlay that asks before ppolicy judges a password, and its rule."""
    CAPTURE = "capture"


@dataclass(frozen=True, slots=True)
class Options:
    """What the settings do not say."""

    replica_readers: tuple[str, ...] = ()
    """DNs with which replicas read here. Those that this server names itself (olcSyncrepl) need not be given."""
    class_for: str = ""
    """LDAP filter of the people who get our object class if they lack it; "": nobody."""
    new_passwords: frozenset[str] = frozenset()
    """Names of service accounts (gateway, sync, capture, helpdesk) that exist and get the given password."""
    writers: tuple[str, ...] = ()
    """DNs of other programs that write attributes of people; with the overlay sock they need a right for it."""
    argon2: str = ARGON2
    """Cost of a hash."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write that is missing in the directory."""

    subject: Subject
    file: str
    """Name of the file that it is written into, as 30-access; their numbers are the order of loading."""
    why: str
    """One plain sentence for the administrator."""
    record: Record
    """The write. In the place of a password it has @GATEWAY_PASSWORD@, and so on."""
    inverse: Record | None = None
    """What takes exactly this back, as the directory is now; None: nothing can, or nothing needs to. `undo` does not
    follow it blindly: it looks at what the directory holds by then."""
    page_filter: str = ""
    """Not empty: the record is the Modify of each entry below its DN that this filter selects, page by page."""
    count: int = 1
    """How many entries it writes."""

    @property
    def title(self) -> str:
        """Return what is written, in a few words."""
        if self.page_filter:
            return f"{self.count} people below {self.record.dn}"
        verb = {"add": "add", "modify": "change", "delete": "delete"}[self.record.kind]
        return f"{verb} {self.record.dn}"


@dataclass(frozen=True, slots=True)
class Later:
    """A step that has to wait for something outside the directory."""

    what: str
    why: str
    how: str
    """What to do, and that setup must be run again afterwards."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a directory lacks, in order."""

    changes: tuple[Change, ...]
    layout: Layout
    later: tuple[Later, ...] = ()
    problems: tuple[str, ...] = ()
    """What keeps setup from going on, each with its fix; `apply` refuses a plan that has one."""
    notes: tuple[str, ...] = ()
    """What is kept although the settings or the academy may want to know of it."""
    places: Places | None = None
    """None where no database holds people."""
    saved: tuple[str, ...] = ()
    """DNs of cn=config whose entries change, to be saved before."""

    @property
    def is_empty(self) -> bool:
        """Return whether the directory has everything."""
        return not self.changes

    @property
    def passwords(self) -> tuple[str, ...]:
        """Return the names of the accounts whose passwords `apply` needs: gateway, sync, capture, helpdesk, decoy."""
        texts = [
            text
            for change in self.changes
            for name, values in _all_values(change.record)
            for text in values
            if name.lower() == "userpassword"
        ]
        return tuple(dict.fromkeys(text.strip("@").removesuffix("_PASSWORD").lower() for text in texts))

    def of(self, subject: Subject) -> tuple[Change, ...]:
        """Return the changes of one subject."""
        return tuple(change for change in self.changes if change.subject is subject)


@dataclass(slots=True)
class PlanParts:
    """What the subjects have found so far."""

    changes: list[Change] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, changes: Iterable[Change]) -> None:
        """Add changes at the end."""
        self.changes.extend(changes)


def _all_values(record: Record) -> Iterable[tuple[str, tuple[str, ...]]]:
    yield from record.attributes
    yield from ((one.attribute, one.values) for one in record.modifications)


def password_place(account: str) -> str:
    """Return what is in the place of an account's password in records and files."""
    return f"@{account.upper()}_PASSWORD@"
