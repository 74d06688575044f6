"""Which write of a password an entry holds: the time of the change and a mark of our own that each write replaces.

pwdChangedTime sees the writes of other clients too and has a resolution of one second; the mark tells our own writes
from each other. Not entryCSN: each wrong password that a stranger tries changes it.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass

from ldap3 import MODIFY_REPLACE
from ldap3.utils.conv import escape_filter_chars

from gateway.directory import ppolicy
from gateway.ldap import Changes, Entry

LENT = "lent:"
"""Begins the mark of an entry that is under another password policy for one write; its own one follows."""
CALLED_OFF = "~"
"""Parts a mark from the number of a write that was called off: the password is the one that the mark names."""
OPEN = f"(!(|({ppolicy.LOCKED_AT}<={ppolicy.END_OF_YEAR_0})({ppolicy.LOCKED_AT}={ppolicy.EPOCH})))"
"""A filter that holds while no administrator has closed the account: a write of the password would open it."""


@dataclass(frozen=True, slots=True)
class PasswordStamps:
    """Stamps, texts of one line, of entries whose mark is in `attribute`; that is "" where entries have none."""

    attribute: str

    @property
    def attributes(self) -> list[str]:
        """What must be read of an entry."""
        return [ppolicy.CHANGED_AT, *filter(None, (self.attribute,))]

    def of(self, entry: Entry) -> str:
        """Empty before the first change."""
        return f"{entry.first(ppolicy.CHANGED_AT)} {self.mark_of(entry)}".rstrip()

    def mark_of(self, entry: Entry) -> str:
        return entry.first(self.attribute) if self.attribute else ""

    def new_mark(self) -> str:
        return secrets.token_hex(8) if self.attribute else ""

    def mark_of_lending(self, own_policy: str) -> str:
        """A new mark that tells, as long as another policy is lent, which one the entry had; "": none of its own."""
        return (
            f"{LENT}{base64.urlsafe_b64encode(own_policy.encode()).decode()}:{self.new_mark()}"
            if self.attribute
            else ""
        )

    def called_off(self, mark: str) -> str:
        """A mark for the same password, by which a Modify that is still under way is refused."""
        return f"{mark.partition(CALLED_OFF)[0]}{CALLED_OFF}{secrets.token_hex(4)}" if self.attribute else ""

    def changes(self, mark: str) -> Changes:
        """What writes `mark` into an entry."""
        return {self.attribute: [(MODIFY_REPLACE, [mark.encode()])]} if self.attribute else {}

    def unchanged(self, stamp: str) -> str:
        """A filter that holds while the entry has that very stamp and the account is open."""
        changed_at, _, mark = stamp.partition(" ")
        holds_mark = _equals(self.attribute, mark) if self.attribute else ""
        return f"(&{_equals(ppolicy.CHANGED_AT, changed_at)}{holds_mark}{OPEN})"


def changed_at(stamp: str) -> str:
    """The value of pwdChangedTime in a stamp; empty for none."""
    return stamp.partition(" ")[0]


def mark_in(stamp: str) -> str:
    return stamp.partition(" ")[2]


def is_same_password(one: str, other: str) -> bool:
    """Whether two stamps name the same password: a write that was called off in between changed nothing."""
    return one.partition(CALLED_OFF)[0].rstrip() == other.partition(CALLED_OFF)[0].rstrip()


def own_policy_in(stamp: str) -> str | None:
    """The DN of the entry's own policy while another one is lent to it, "" for none; None where none is lent."""
    mark = mark_in(stamp)
    if not mark.startswith(LENT):
        return None
    return base64.urlsafe_b64decode(mark.removeprefix(LENT).partition(":")[0]).decode("utf-8", "replace")


def _equals(attribute: str, value: str) -> str:
    return f"({attribute}={escape_filter_chars(value)})" if value else f"(!({attribute}=*))"
