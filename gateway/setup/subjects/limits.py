"""Search limits of our accounts, so that a stolen password cannot read everybody."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.setup.changes import Change, PlanParts, Subject
from gateway.setup.places import Places
from gateway.setup.records import Modification, modify_entry
from gateway.setup.rules import normal
from gateway.setup.subjects.rules import owner_of

FILE, LIMITS = "30-access", "olcLimits"


def plan_limits(places: Places, wanted: Sequence[str], parts: PlanParts) -> None:
    """Put the wanted limits before the database's own: the first one that fits counts."""
    present = places.database.limits
    owner = owner_of(places)
    ours = [one for one in present if owner.names(one)]
    others = [one for one in present if not owner.names(one)]
    # Each is for one account, so their order says nothing: the files of ldif/ add them in that of their loading.
    if sorted(map(normal, ours)) == sorted(map(normal, wanted)) and _are_first(present, ours, others):
        return
    dn = places.database.dn
    values = tuple(f"{{{number}}}{one}" for number, one in enumerate((*wanted, *others)))
    before = tuple(f"{{{number}}}{one}" for number, one in enumerate(present))
    # All of them again: slapd applies limits in the order in which they came, whatever their numbers are.
    record = modify_entry(dn, Modification("replace" if present else "add", LIMITS, values))
    inverse = modify_entry(dn, Modification("replace" if before else "delete", LIMITS, before))
    why = "A search of our accounts finds few entries; the limits of others stay."
    parts.add([Change(Subject.LIMITS, FILE, why, record, inverse)])


def _are_first(present: Sequence[str], ours: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether no limit for several accounts at once is before ours; one for a single other account may be."""
    first_broad = next(
        (present.index(one) for one in others if not normal(one).startswith("dn.exact=")), len(present)
    )
    return all(present.index(one) < first_broad for one in ours)
