"""How a directory would be after the writes of a dry run of undo: each stage sees what those before it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from gateway.ldap import Entry, normal_dn
from gateway.setup.records import Modification, Record
from gateway.setup.surveyed import Database, Overlay, Survey, in_order


def preview(survey: Survey, records: Sequence[Record]) -> Survey:
    """Return the configuration as it would be after `records`."""
    return replace(survey, databases=tuple(_database(one, records) for one in survey.databases))


def removed_attributes(record: Record) -> frozenset[str]:
    """Return the attributes, in lower case, of which a Modify removes every value."""
    whole = (one for one in record.modifications if one.operation != "add" and not one.values)
    return frozenset(one.attribute.lower() for one in whole)


def _database(database: Database, records: Iterable[Record]) -> Database:
    for record in records:
        if record.kind == "delete":
            database = replace(database, overlays=tuple(_without(database.overlays, normal_dn(record.dn))))
        elif normal_dn(record.dn) == normal_dn(database.dn):
            database = replace(database, entry=_entry(database.entry, record))
        else:
            overlays = (_changed(one, record) for one in database.overlays)
            database = replace(database, overlays=tuple(overlays))
    return database


def _without(overlays: Iterable[Overlay], dn: str) -> Iterator[Overlay]:
    """Yield the overlays but one; slapd gives those after it the next lower numbers."""
    is_after = False
    for one in overlays:
        if normal_dn(one.dn) == dn:
            is_after = True
        elif is_after:
            below = one.dn.replace(f"{{{one.number}}}", f"{{{one.number - 1}}}", 1)
            yield replace(one, dn=below, number=one.number - 1, entry=replace(one.entry, dn=below))
        else:
            yield one


def _changed(overlay: Overlay, record: Record) -> Overlay:
    if normal_dn(record.dn) != normal_dn(overlay.dn):
        return overlay
    return replace(overlay, entry=_entry(overlay.entry, record))


def _entry(entry: Entry, record: Record) -> Entry:
    values = dict(entry.by_type)
    for one in record.modifications:
        name = one.attribute.lower()
        values[name] = _modified(values.get(name, ()), one)
    return replace(entry, by_type=values, by_description=values)


def _modified(held: tuple[str, ...], one: Modification) -> tuple[str, ...]:
    if one.operation == "add":
        return (*held, *one.values)
    if one.operation == "delete" and one.values:
        return tuple(value for value in held if value not in one.values)
    return in_order(one.values) if one.operation == "replace" else ()
