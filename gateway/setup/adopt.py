"""Make an undo folder for a directory that was set up by hand, or whose undo folder is lost.

What cannot be told from the academy's own stays out of it: the overlay ppolicy, the form of hashes, the default
policy, folders, indices of other attributes, and the class of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gateway.ldap import Entry
from gateway.settings import Settings
from gateway.setup.access import Access
from gateway.setup.changes import Change, Options, Subject
from gateway.setup.journal import CHANGES, Journal
from gateway.setup.places import Places
from gateway.setup.planning import survey_and_plan
from gateway.setup.records import Modification, Record, delete_entry, modify_entry
from gateway.setup.rules import MAMIA, Owner, parse
from gateway.setup.subjects.limits import LIMITS
from gateway.setup.subjects.rules import replaced
from gateway.setup.surveyed import Database, Survey

FILE = "present"
WHY = "It was there when this folder was made."
DESCRIPTION = "MA-MAMIA"
"""How the descriptions of our entries begin."""


class AdoptRefused(Exception):
    """There is nothing that could be adopted, or this account might not see it. The text is a sentence."""


def adopt(settings: Settings, access: Access, folder: Path, *, dry_run: bool = False) -> tuple[str, ...]:
    """Write into `folder` what of ours the directory holds, so that `undo` can take it away. Changes nothing there.

    Returns one line per thing; if there is none, no folder is made. Raises AdoptRefused, OSError, and as `survey`
    does.
    """
    if (folder / CHANGES).exists():
        raise AdoptRefused(f"{folder} has runs of setup already: undo with it, or name a new folder")
    found, plan = survey_and_plan(settings, access, Options())
    places = plan.places
    if places is None:
        raise AdoptRefused("; ".join(plan.problems))
    if places.layout.suffix not in found.writable and not places.database.is_consumer:
        raise AdoptRefused(
            f"{access.data_dn or 'this account'} may not write entries below {places.layout.suffix}, so it might not "
            f"see all of them: give the database's administrator ({places.database.root_dn}) with --bind-dn and "
            "--bind-password-file"
        )
    everything = replace(places, accounts={dn: dn for dn in places.ours})
    changes = tuple(_present(settings, found, everything))
    lines = tuple(f"{change.subject.value}: {change.record.dn}" for change in changes)
    if dry_run or not changes:
        return lines
    journal = Journal(folder)
    journal.start(replace(plan, places=everything), access.url, ())
    for change in changes:
        journal.add(change)
    return lines


def _present(settings: Settings, found: Survey, places: Places) -> Iterator[Change]:
    owner = Owner(places.ours, places.services_base)
    yield from _rules(places.database, owner, Subject.RULES)
    yield from _rules(found.configuration, owner, Subject.CONFIGURATION)
    if found.monitor:
        yield from _rules(found.monitor, owner, Subject.MONITOR)
    yield from _limits(places.database, owner)
    for overlay in places.database.overlays_of("sock"):
        if overlay.entry.first("olcDbSocketPath") == str(settings.capture.socket):
            yield _change(Subject.ORACLE, _as_added(overlay.entry))
    yield from _entries(found, places)
    lines = tuple(one for one in places.database.indices if one.lower().startswith(MAMIA))
    if lines:
        yield _change(Subject.INDICES, modify_entry(places.database.dn, Modification("add", "olcDbIndex", lines)))


def _rules(database: Database, owner: Owner, subject: Subject) -> Iterator[Change]:
    others = [rule for rule in database.access if not owner.has(parse(rule))]
    if len(others) < len(database.access):
        record, inverse = replaced(database.dn, database.access), replaced(database.dn, others)
        yield Change(subject, FILE, WHY, record, inverse)


def _limits(database: Database, owner: Owner) -> Iterator[Change]:
    others = tuple(limit for limit in database.limits if not owner.names(limit))
    if len(others) < len(database.limits):
        record = modify_entry(database.dn, Modification("replace", LIMITS, database.limits))
        inverse = modify_entry(database.dn, Modification("replace" if others else "delete", LIMITS, others))
        yield Change(Subject.LIMITS, FILE, WHY, record, inverse)


def _entries(found: Survey, places: Places) -> Iterator[Change]:
    for dn in (places.services_policy, places.decoy_policy, places.initial_policy):
        if dn and (entry := found.entry(dn)):
            yield _change(Subject.POLICIES, _as_added(entry))
    for dn in (*places.ours, *places.groups, *filter(None, [places.agents_group])):
        entry = found.entry(dn)
        if entry and entry.first("description").startswith(DESCRIPTION):
            yield _change(Subject.ENTRIES, _as_added(entry))


def _change(subject: Subject, record: Record) -> Change:
    return Change(subject, FILE, WHY, record, delete_entry(record.dn) if record.kind == "add" else None)


def _as_added(entry: Entry) -> Record:
    """Return the Add of an entry, with what undo looks at: its classes and members, and the overlay's values."""
    kept = ("objectClass", "member", "olcOverlay", "olcDbSocketPath", "olcOvSocketOps", "olcOvSocketDNpat")
    return Record("add", entry.dn, tuple((name, entry.all(name)) for name in kept if entry.all(name)))
