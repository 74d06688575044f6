"""Read back what was written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ldap3 import LEVEL, MODIFY_DELETE, Connection
from ldap3.core.results import RESULT_NO_SUCH_ATTRIBUTE, RESULT_REFERRAL, RESULT_UNWILLING_TO_PERFORM

from gateway.ldap import ANYTHING, Entry, is_success, modify, read_entry, result_text, try_search
from gateway.setup.access import Access
from gateway.setup.changes import Change, Plan
from gateway.setup.difference import ORDERED
from gateway.setup.layout import parent_of
from gateway.setup.places import DECOY
from gateway.setup.records import Record, delete_entry
from gateway.setup.rules import normal
from gateway.setup.surveyed import NUMBER, in_order, normal_dn
from gateway.setup.writing import PASSWORD, stored_passwords, write

HASHED = re.compile(rb"\{[A-Za-z0-9./_-]+\}")
ANSWERED = (RESULT_NO_SUCH_ATTRIBUTE, RESULT_REFERRAL, RESULT_UNWILLING_TO_PERFORM)
"""Results of a write that the overlay let pass: there is nothing to delete, or a replica takes no writes."""
NUMBERS = re.compile(r"\{-?\d+\}")


def missing_after(record: Record, connection: Connection) -> str:
    """Return what of a record is not in the directory, as a sentence; "" if all is there."""
    entry = find(record.dn, connection)
    if entry is None:
        return f"slapd accepted it, and {record.dn} cannot be read afterwards"
    values = [*record.attributes]
    values += [(one.attribute, one.values) for one in record.modifications if one.operation != "delete"]
    for name, held in values:
        if name == PASSWORD:
            if not all(HASHED.match(value) for value in stored_passwords(connection, record.dn)):
                return f"slapd stores the password of {record.dn} in plain text: see {DOCUMENT}"
        elif name.lower() not in NAMING and (lost := _lost(held, entry.all(name))):
            return f"slapd accepted it, and {name} of {record.dn} has not the value {lost}"
    return ""


DOCUMENT = "docs/directory.md"
NAMING = ("cn", "olcoverlay", "olcdatabase")
"""Attributes to whose values slapd adds numbers."""


def find(dn: str, connection: Connection) -> Entry | None:
    """Return the entry `dn`, to whose name slapd may have added a number when it was added."""
    if not dn.lower().endswith("cn=config") or NUMBER.match(dn.partition("=")[2]):
        return read_entry(connection, dn, ["*", "+"])
    found = try_search(connection, parent_of(dn) or dn, ANYTHING, ["*"], LEVEL).entries
    wanted = NUMBERS.sub("", normal_dn(dn).partition(",")[0])
    fitting = [one for one in found if NUMBERS.sub("", normal_dn(one.dn).partition(",")[0]) == wanted]
    return fitting[-1] if fitting else read_entry(connection, dn, ["*", "+"])


def check_listener(change: Change, plan: Plan, access: Access) -> str:
    """Return why writes fail since an overlay was added, which is removed again; "" if they go on.

    It asks slapd for a write on the decoy that changes nothing.
    """
    if plan.places is None:
        return ""
    nothing = {"description": [(MODIFY_DELETE, ["no such value, asked by mamia setup"])]}
    result = modify(access.data, plan.places.accounts[DECOY], nothing)
    if is_success(result) or result["result"] in ANSWERED:
        return ""
    added = find(change.record.dn, access.config)
    back = change.inverse if change.record.kind == "modify" else delete_entry(added.dn) if added else None
    removed = back is not None and is_success(write(access.config, back))
    end = "the overlay is removed again" if removed else "REMOVE THE OVERLAY: slapd refuses writes on people"
    if removed and change.record.kind == "modify":
        end = "the overlay is as before"
    return (
        f"slapd does not reach mamia capture at the socket ({result_text(result)}); {end}; slapd's user must be "
        "allowed to connect to the socket, and mamia capture must run"
    )


def changed_since(change: Change, connection: Connection) -> str:
    """Return why a change does not fit any more: somebody has changed the rules or limits since they were read."""
    for back in change.inverse.modifications if change.inverse else ():
        if back.attribute.lower() not in ORDERED:
            continue
        entry = read_entry(connection, change.record.dn, [back.attribute])
        present = in_order(entry.all(back.attribute)) if entry else ()
        # What is deleted to undo a change was not there before it.
        if present != (in_order(back.values) if back.operation == "replace" else ()):
            return f"{back.attribute} was changed since setup read it, perhaps by another administrator"
    return ""


def _lost(wanted: Sequence[str], held: Sequence[str]) -> str:
    present = {form for value in held for form in _forms(value)}
    return next((value for value in wanted if not present & set(_forms(value))), "")


def _forms(value: str) -> tuple[str, str]:
    """Return a value in the forms in which slapd may give it back: as a text, and as a DN."""
    text = NUMBER.sub("", value)
    return normal(text), normal_dn(text)
