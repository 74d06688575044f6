"""Entries above ours, where a directory has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.ldap import first_value
from gateway.setup.changes import Change, PlanParts, Subject
from gateway.setup.layout import naming_of
from gateway.setup.places import Places, ancestors, distinct
from gateway.setup.records import Record, add_entry, delete_entry
from gateway.setup.surveyed import Survey, normal_dn

KINDS = {"ou": "organizationalUnit", "o": "organization", "cn": "organizationalRole", "l": "locality"}
"""Attribute of an RDN → the class of the entry that is made."""


def plan_folders(
    survey: Survey, places: Places, dns: Iterable[str], parts: PlanParts, file: str, *, itself: str = ""
) -> None:
    """Add the entries above `dns` that are missing, from the suffix down, and `itself` with those above it."""
    suffix = places.layout.suffix
    above = [suffix, *(one for dn in (*dns, itself) if dn for one in ancestors(dn, suffix)), *filter(None, [itself])]
    planned = {normal_dn(change.record.dn) for change in parts.changes}
    for dn in distinct(above):
        if survey.entry(dn) is None and normal_dn(dn) not in planned:
            parts.add(_folder(dn, parts, file))


def _folder(dn: str, parts: PlanParts, file: str) -> Iterator[Change]:
    record = _record(dn, naming_of(dn), first_value(dn))
    if record is None:
        parts.problems.append(f"{dn} does not exist, and setup does not know how to make such an entry: add it first")
        return
    yield Change(Subject.ENTRIES, file, "Entries of ours are below it.", record, delete_entry(dn))


def _record(dn: str, name: str, value: str) -> Record | None:
    if name == "dc":
        return add_entry(dn, objectClass=("dcObject", "organization"), dc=value, o=value)
    if name not in KINDS:
        return None
    return add_entry(dn, objectClass=KINDS[name], **{name: value})
