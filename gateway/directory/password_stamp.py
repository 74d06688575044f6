"""Stamps that identify the last write of an entry's password: the time of the change, and a mark of our own.

Each of our writes replaces the mark. pwdChangedTime shows the writes of other clients too and has a resolution of one
second; the mark distinguishes our own writes. entryCSN is not suitable, because each wrong password that somebody
tries changes it.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass

from ldap3 import MODIFY_REPLACE
from ldap3.utils.conv import escape_filter_chars

from gateway.directory import ppolicy
from gateway.ldap import Changes, Entry

TEMPORARY_POLICY = "lent:"
"""Prefix of the mark of an entry that has a temporary password policy for one write; the entry's own policy
follows."""
CALLED_OFF = "~"
"""Separates a mark from the number of a write that was cancelled; the password is the one that the mark names."""
OPEN = f"(!(|({ppolicy.LOCKED_AT}<={ppolicy.END_OF_YEAR_0})({ppolicy.LOCKED_AT}={ppolicy.EPOCH})))"
"""Filter that matches while no administrator has closed the account; a write of the password would open it."""


@dataclass(frozen=True, slots=True)
class PasswordStamps:
    """Reads and makes stamps, texts of one line, for entries whose mark is in `attribute`.

    Returns "" if entries have none.
    """

    attribute: str

    @property
    def attributes(self) -> list[str]:
        """Return the attributes that a stamp is computed from."""
        return [ppolicy.CHANGED_AT, *filter(None, (self.attribute,))]

    def of(self, entry: Entry) -> str:
        """Return the stamp of an entry; "" before the first change."""
        return f"{entry.first(ppolicy.CHANGED_AT)} {self.mark_of(entry)}".rstrip()

    def mark_of(self, entry: Entry) -> str:
        """Return the mark of an entry; "" if it has none."""
        return entry.first(self.attribute) if self.attribute else ""

    def new_mark(self) -> str:
        """Return a new random mark; "" if entries have no such attribute."""
        return secrets.token_hex(8) if self.attribute else ""

    def mark_with_policy(self, own_policy: str) -> str:
        """Return a new mark that records the entry's own policy while it has a temporary one.

        `own_policy` is its DN; "": the entry has no policy of its own.
        """
        return (
            f"{TEMPORARY_POLICY}{base64.urlsafe_b64encode(own_policy.encode()).decode()}:{self.new_mark()}"
            if self.attribute
            else ""
        )

    def called_off(self, mark: str) -> str:
        """Return a mark for the same password that makes the server refuse a Modify which is still on its way."""
        return f"{mark.partition(CALLED_OFF)[0]}{CALLED_OFF}{secrets.token_hex(4)}" if self.attribute else ""

    def changes(self, mark: str) -> Changes:
        """Return the changes that write `mark` into an entry."""
        return {self.attribute: [(MODIFY_REPLACE, [mark.encode()])]} if self.attribute else {}

    def unchanged(self, stamp: str) -> str:
        """Return a filter that matches while the entry has exactly that stamp and the account is open."""
        changed_at, _, mark = stamp.partition(" ")
        holds_mark = _equals(self.attribute, mark) if self.attribute else ""
        return f"(&{_equals(ppolicy.CHANGED_AT, changed_at)}{holds_mark}{OPEN})"


def changed_at(stamp: str) -> str:
    """Return the value of pwdChangedTime in a stamp; "" if there is none."""
    return stamp.partition(" ")[0]


def mark_in(stamp: str) -> str:
    """Return the mark in a stamp; "" if there is none."""
    return stamp.partition(" ")[2]


def is_same_password(one: str, other: str) -> bool:
    """Return whether two stamps name the same password; a cancelled write in between changed nothing."""
    return one.partition(CALLED_OFF)[0].rstrip() == other.partition(CALLED_OFF)[0].rstrip()


def own_policy_in(stamp: str) -> str | None:
    """Return the DN of the entry's own policy while it has a temporary one, "" for none.

    Returns None without a temporary policy.
    """
    mark = mark_in(stamp)
    if not mark.startswith(TEMPORARY_POLICY):
        return None
    return base64.urlsafe_b64decode(mark.removeprefix(TEMPORARY_POLICY).partition(":")[0]).decode("utf-8", "replace")


def _equals(attribute: str, value: str) -> str:
    return f"({attribute}={escape_filter_chars(value)})" if value else f"(!({attribute}=*))"
