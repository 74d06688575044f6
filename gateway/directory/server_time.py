"""The directory's own time of a write, read from the answer to that write (post-read control, RFC 4527)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ldap3 import MODIFY_ADD, MODIFY_DELETE, Connection
from ldap3.protocol.rfc4527 import post_read_control

from gateway.directory import ppolicy
from gateway.ldap import Entry, Result, modify
from gateway.needs.attributes import MODIFIED_AT as MODIFIED_AT
from gateway.needs.server import POST_READ as POST_READ

WITH_TIMES = post_read_control([MODIFIED_AT, ppolicy.CHANGED_AT])
"""Not critical: a server that does not know the control performs the write nevertheless."""
_PROBE = b"clock"


def read_back(dn: str, result: Result) -> Entry:
    """Return the entry as the answer to a Modify with WITH_TIMES shows it.

    It has only the attributes that the account may read.
    """
    control = (result.get("controls") or {}).get(POST_READ) or {}
    shown: Mapping[str, Any] = (control.get("value") or {}).get("result") or {}
    attributes = {name.lower(): tuple(map(_text, values)) for name, values in shown.items()}
    return Entry(dn, attributes, attributes)


def write_time(entry: Entry) -> datetime | None:
    """Return when the directory did the write that was read back (UTC, whole seconds).

    Returns None if the answer does not show it.
    """
    return ppolicy.read_change_time(entry.first(MODIFIED_AT))


def ask_time(connection: Connection, dn: str, attribute: str) -> datetime | None:
    """Return the server's time (UTC), by a write on `dn` that leaves all attributes unchanged.

    It adds a value to the multi-valued `attribute` and deletes it in one Modify. Returns None if that is refused, or
    if the account may not read modifyTimestamp.
    """
    probe = {attribute: [(MODIFY_ADD, [_PROBE]), (MODIFY_DELETE, [_PROBE])]}
    return write_time(read_back(dn, modify(connection, dn, probe, [WITH_TIMES])))


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
