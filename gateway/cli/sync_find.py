"""Whom an operator means: a login, or a DN where several entries have the login."""

from __future__ import annotations

from gateway.directory.outbox import LdapOutbox
from gateway.workstation.ports import Waiting

MOVED_OUT = """
moved out: the entry is no longer below people.base, so nothing is delivered to its workstation. Move it back, or give
up what waits: mamia sync forget LOGIN, or its DN where several entries have the login."""


class SeveralFound(Exception):
    """Several entries have the login; the text names them."""


def find(outbox: LdapOutbox, name: str) -> Waiting | None:
    """Raises SeveralFound, DirectoryUnavailable."""
    wanted = name.lower()
    found = [item for item in outbox.known() if wanted in (item.login.lower(), item.reference.lower())]
    if len(found) > 1:
        raise SeveralFound(f"{name}: several entries have this login; name one of {', '.join(map(_dn, found))}")
    return next(iter(found), None)


def _dn(item: Waiting) -> str:
    return f'"{item.reference}"'
