"""Entries that were moved out of people.base while a password waits in them: how operators see and name them.

In such an entry the worker's account sees that something waits, and may erase it. It can read neither the sealed
password nor the target.
"""

from __future__ import annotations

from gateway.directory.outbox import LdapOutbox
from gateway.workstation.ports import Waiting

STATE = "moved out"
MOVED_OUT = """
moved out: a password waits in an entry that is no longer below people.base, so it is not delivered. Move the entry
back, or erase the password: mamia sync forget LOGIN, or its DN where several entries have the login."""


class SeveralFound(Exception):
    """Several entries have the login; the text names their DNs."""


def named(outbox: LdapOutbox, name: str) -> list[Waiting]:
    """Return the entries with this login or this DN, in any case of letters. Raises DirectoryUnavailable."""
    wanted = name.lower()
    return [item for item in outbox.named(name) if wanted in (item.login.lower(), item.dn.lower())]


def find(outbox: LdapOutbox, name: str) -> Waiting | None:
    """Return the entry that an operator means by a login or a DN, in any case of letters; None if there is none.

    Raises SeveralFound, DirectoryUnavailable.
    """
    found = named(outbox, name)
    if len(found) > 1:
        names = ", ".join(f'"{item.dn}"' for item in found)
        raise SeveralFound(f"{name}: several entries have this login; name one of {names}")
    return next(iter(found), None)


def row(item: Waiting) -> tuple[str, ...]:
    """Return the cells of one line of the table of `mamia sync status`."""
    return item.login, "-", f"{STATE} (needs you)", "-", "-", item.dn


def as_json(item: Waiting) -> dict[str, object]:
    """Return the same for programs, with the keys of every other line."""
    return {
        "login": item.login,
        "target": None,
        "state": STATE,
        "since": None,
        "age_seconds": None,
        "attempts": None,
        "last_attempt": None,
        "last_reason": item.dn,
        "needs_operator": True,
        "changed_since": None,
    }
