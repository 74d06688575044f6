"""Our schema: what a person's entry can hold, and the worker's number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.setup.changes import Change, PlanParts, Subject
from gateway.setup.ldif_files import read_entries
from gateway.setup.records import Modification, Record, modify_entry
from gateway.setup.surveyed import SchemaEntry, Survey

PERSON, WORKER, SAMBA = "schema/mamia.ldif", "schema/mamia-worker.ldif", "schema/samba.ldif"
RECOVERY = "schema/mamia-recovery.ldif"
TYPES, CLASSES = "olcAttributeTypes", "olcObjectClasses"
FILE = "00-schema"
OID = re.compile(r"\(\s*([\w.:-]+)")
NAME = re.compile(r"\bNAME\s+(?:\(\s*)?'([^']+)'")
MAY = re.compile(r"\bMAY\s+(?:\(([^)]*)\)|(\S+))")
SAMBA_CLASS = "sambaSamAccount"


def plan_schema(survey: Survey, parts: PlanParts, *, worker: bool, samba: bool, recovery: bool) -> None:
    """Add what is missing of the schemas that the settings need."""
    parts.add(_missing(PERSON, survey, parts, "People's entries can hold what identifies them and their outbox."))
    if worker:
        parts.add(
            _missing(WORKER, survey, parts, "The worker notices when the directory was restored from a backup.")
        )
    if recovery:
        parts.add(
            _missing(
                RECOVERY,
                survey,
                parts,
                "People's entries can hold what helpdesk, recovery methods, charter and reminders keep.",
            )
        )
    if samba and SAMBA_CLASS.lower() not in _names(survey, CLASSES):
        parts.add(_missing(SAMBA, survey, parts, "People's entries can hold the NT hash for the workstation."))


def allowed_by(survey: Survey, attribute: str) -> str:
    """Return an auxiliary class of the directory that allows `attribute`; "" if there is none."""
    for schema in survey.schemas:
        for definition in schema.object_classes:
            named = NAME.search(definition)
            if named and "AUXILIARY" in definition and attribute.lower() in _may(definition):
                return named[1]
    return ""


def _missing(name: str, survey: Survey, parts: PlanParts, why: str) -> Iterator[Change]:
    (dn, attributes), *_ = read_entries(name)
    types, classes = attributes[TYPES], attributes[CLASSES]
    present = _holder(survey, classes)
    if present is None:
        yield Change(Subject.SCHEMA, FILE, why, _whole(dn, attributes, _without_taken(types, survey, parts)))
        return
    known = _oids(survey, TYPES)
    added = [one for one in types if _oid(one) not in known]
    added = [one for one in added if _name(one) not in _names(survey, TYPES)]
    stale = _are_stale(present.object_classes, classes)
    if not added and not stale:
        return
    modifications = [Modification("add", TYPES, tuple(added))] if added else []
    if stale:
        kept = [one for one in present.object_classes if _oid(one) not in {_oid(ours) for ours in classes}]
        modifications.append(Modification("replace", CLASSES, (*kept, *classes)))
    why = "The schema of an earlier version lacks attributes that this one needs."
    yield Change(Subject.SCHEMA, FILE, why, modify_entry(present.dn, *modifications))


def _whole(dn: str, attributes: dict[str, list[str]], types: list[str]) -> Record:
    values = {**attributes, TYPES: types}
    return Record("add", dn, tuple((name, tuple(held)) for name, held in values.items() if held))


def _without_taken(types: list[str], survey: Survey, parts: PlanParts) -> list[str]:
    """Return the definitions whose names the directory has not; for the others it uses the directory's own."""
    taken = _names(survey, TYPES)
    for one in types:
        if _name(one) in taken:
            parts.notes.append(
                f"the directory has an attribute {_name(one)} of its own, which is used: see that it is what "
                "MA-MAMIA expects, or name another attribute under [people]"
            )
    return [one for one in types if _name(one) not in taken]


def _holder(survey: Survey, classes: list[str]) -> SchemaEntry | None:
    """Return the schema entry that has our class, whatever its name and number are."""
    ours = {_oid(one) for one in classes}
    return next((one for one in survey.schemas if ours & {_oid(held) for held in one.object_classes}), None)


def _are_stale(present: tuple[str, ...], classes: list[str]) -> bool:
    held = {_oid(one): _may(one) for one in present}
    return any(not _may(one) <= held.get(_oid(one), frozenset()) for one in classes)


def _may(definition: str) -> frozenset[str]:
    found = MAY.search(definition)
    names = (found[1] or found[2]) if found else ""
    return frozenset(name.strip().lower() for name in names.split("$") if name.strip())


def _oid(definition: str) -> str:
    found = OID.search(definition)
    return found[1] if found else ""


def _name(definition: str) -> str:
    found = NAME.search(definition)
    return found[1].lower() if found else ""


def _definitions(survey: Survey, attribute: str) -> Iterator[str]:
    for schema in survey.schemas:
        yield from schema.attribute_types if attribute == TYPES else schema.object_classes


def _oids(survey: Survey, attribute: str) -> frozenset[str]:
    return frozenset(_oid(one) for one in _definitions(survey, attribute))


def _names(survey: Survey, attribute: str) -> frozenset[str]:
    """Return the first names of all definitions, in lower case."""
    return frozenset(_name(one) for one in _definitions(survey, attribute))
