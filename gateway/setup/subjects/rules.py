"""Access rules of the database of people, of cn=Monitor and of cn=config."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.setup.changes import DATA_ATTRIBUTES, STATE_ATTRIBUTES, Change, PlanParts, Subject
from gateway.setup.merging import merge, moved_behind
from gateway.setup.places import Places
from gateway.setup.records import Modification, Record, modify_entry
from gateway.setup.rules import OF_ACCOUNTS, Owner, named_attributes, parse
from gateway.setup.surveyed import Database

ACCESS = "olcAccess"
DEFAULTS = ("to attrs=userPassword by anonymous auth by * none", "to * by * read")
"""What slapd allows where there is no rule at all, but for the hashes. With the first rule it would allow nothing to
anybody whom no rule names, not even to log in."""
OUR_ATTRIBUTES = frozenset(name.lower() for name in (*DATA_ATTRIBUTES, *STATE_ATTRIBUTES, "mamiaWorkerToken"))
SECRET_BEFORE = ("pwd", "samba")
"""How attributes begin that come with overlay and target, and are secret without MA-MAMIA too."""


def plan_rules(
    database: Database,
    wanted: Sequence[str],
    places: Places,
    parts: PlanParts,
    subject: Subject,
    file: str,
    why: str,
    *,
    defaults: Sequence[str] = (),
) -> None:
    """Put the wanted rules before the database's own, with one Modify; `defaults` are for one without any rule."""
    owner = owner_of(places)
    present = database.access
    merged = merge(present, wanted, owner)
    if wanted and not present:
        merged = (*merged, *defaults)
    if merged == present:
        return
    parts.notes += [
        f"the rule “{rule}” of {database.dn} now comes after ours: before, it kept them from being asked"
        for rule in moved_behind(present, merged, owner)
    ]
    record = _record(database.dn, present, merged)
    parts.add([Change(subject, file, why, record, replaced(database.dn, present))])


def note_closed(wanted: Sequence[str], parts: PlanParts) -> None:
    """Say which attributes of the directory's own the planned rules close for everybody else."""
    if not any(change.subject is Subject.RULES for change in parts.changes):
        return
    names = dict.fromkeys(
        name
        for rule in map(parse, wanted)
        if rule.closes and not OF_ACCOUNTS.search(rule.what)
        for name in named_attributes(rule)
        if name.lower() not in OUR_ATTRIBUTES and not name.lower().startswith(SECRET_BEFORE)
    )
    if names:
        parts.notes.append(
            f"nobody else reads {', '.join(names)} any more, but for accounts and groups that the directory's rules "
            f"name for it. A program that needs it gets a rule of its own before ours: to attrs={','.join(names)} "
            'by dn.exact="DN of the program" read by * break'
        )


def defaults_of(frontend: Database) -> tuple[str, ...]:
    """Return the rules that a database without any needs with ours, so that everybody may what they may now."""
    return () if frontend.access else DEFAULTS


def owner_of(places: Places) -> Owner:
    """Return what tells our rules from the directory's own."""
    return Owner(tuple(places.accounts.values()), places.services_base)


def replaced(dn: str, rules: Sequence[str]) -> Record:
    """Return the Modify that makes `rules` all rules of a database."""
    values = tuple(f"{{{number}}}{rule}" for number, rule in enumerate(rules))
    return modify_entry(dn, Modification("replace" if values else "delete", ACCESS, values))


def _record(dn: str, present: Sequence[str], merged: Sequence[str]) -> Record:
    """Return a Modify that only adds, if that is enough: it shows the difference."""
    left = list(present)
    added = []
    for number, rule in enumerate(merged):
        if left and left[0] == rule:
            left.pop(0)
        else:
            added.append(f"{{{number}}}{rule}")
    return replaced(dn, merged) if left else modify_entry(dn, Modification("add", ACCESS, tuple(added)))
