"""The directory's own time of a write, read from the answer to that write (post-read control, RFC 4527)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ldap3 import MODIFY_ADD, MODIFY_DELETE, Connection

from gateway.directory import ppolicy
from gateway.directory.ldap_messages import selection
from gateway.ldap import Control, Entry, Result, modify
from gateway.needs.attributes import MODIFIED_AT as MODIFIED_AT
from gateway.needs.server import POST_READ as POST_READ

_PROBE = b"clock"


def post_read(attributes: Sequence[str]) -> Control:
    """Return the control that shows these attributes as a write left them.

    It is not critical: a server that does not know it performs the write nevertheless.
    """
    return POST_READ, False, selection(tuple(attributes))


WITH_TIMES = post_read([MODIFIED_AT, ppolicy.CHANGED_AT])


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
