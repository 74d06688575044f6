"""Indices for the filters that are sent; an index that the database has is left alone."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.setup.changes import Change, PlanParts, Subject
from gateway.setup.places import Places
from gateway.setup.records import Modification, modify_entry

FILE = "20-indices"
DEFAULT = "default"


def plan_indices(places: Places, wanted: Sequence[tuple[str, str]], parts: PlanParts) -> None:
    """Add the indices that are missing, with one Modify."""
    lines = places.database.indices
    present = _kinds(lines)
    added: list[str] = []
    removed: list[str] = []
    for attribute, kinds in wanted:
        held = present.get(attribute.lower())
        if held is None:
            added.append(f"{attribute} {kinds}")
        elif not set(kinds.split(",")) <= held:
            line = next(one for one in lines if attribute.lower() in _names(one))
            _widen(line, attribute, sorted({*kinds.split(",")} | held), removed, added)
    if not added:
        return
    gone = [Modification("delete", "olcDbIndex", tuple(removed))] if removed else []
    record = modify_entry(places.database.dn, *gone, Modification("add", "olcDbIndex", tuple(added)))
    back = [Modification("add", "olcDbIndex", tuple(removed))] if removed else []
    inverse = modify_entry(places.database.dn, Modification("delete", "olcDbIndex", tuple(added)), *back)
    why = "Each filter that is sent has an index; slapd builds it in the background."
    parts.add([Change(Subject.INDICES, FILE, why, record, inverse)])


def _widen(line: str, attribute: str, kinds: Sequence[str], removed: list[str], added: list[str]) -> None:
    """Divide a line, as slapd takes no second line for an attribute: `attribute` gets `kinds`, the others stay."""
    if line in removed:
        # A line for two attributes, of which an earlier one was widened: it is a line of its own by now.
        added[:] = [one for one in added if one.split()[0].lower() != attribute.lower()]
    else:
        removed.append(line)
        names, _, rest = line.partition(" ")
        added += [f"{name} {rest}".strip() for name in names.split(",") if name.lower() != attribute.lower()]
    added.append(f"{attribute} {','.join(kinds)}")


def _kinds(lines: Sequence[str]) -> dict[str, set[str]]:
    """Return attribute in lower case → kinds; "approx" and the like as they are written."""
    default: set[str] = set()
    found: dict[str, set[str]] = {}
    for line in lines:
        kinds = set(line.partition(" ")[2].strip().replace(" ", "").lower().split(",")) - {""}
        for name in _names(line):
            if name == DEFAULT:
                default = kinds
            found[name] = kinds or default
    return found


def _names(line: str) -> list[str]:
    return line.partition(" ")[0].lower().split(",")
