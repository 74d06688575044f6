"""The leases of an entry: which worker is at work for each target, all in the one value of mamiaSyncLease.

The value is `target=lease` for each target, joined by `|`. A value in another form is one worker's lease on every
target, as version 0.1 wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gateway.workstation import former_values

LATE_WRITE = "late-write;"
"""Begins the marker in a lease's place: nobody is at work, but a write of its former owner may still arrive."""
_PART = re.compile(r"(?P<target>[a-z][a-z0-9_-]{0,30})=(?P<lease>[^|]+)")


def read_leases(value: str, targets: Iterable[str]) -> dict[str, str]:
    """Return the lease of each target in `value`. An older worker's lease is for all `targets` of the entry."""
    if not value:
        return {}
    parts = [_PART.fullmatch(part) for part in value.split("|")]
    if all(parts):
        return {part["target"]: part["lease"] for part in parts if part}
    return dict.fromkeys(targets, value)


def write_leases(leases: Mapping[str, str]) -> str:
    """Return the value of mamiaSyncLease, or "" for no lease at all.

    >>> write_leases({"windows": "host;1", "realm": "late-write;host;2"})
    'realm=late-write;host;2|windows=host;1'
    """
    return "|".join(f"{target}={lease}" for target, lease in sorted(leases.items()))


def with_lease(leases: Mapping[str, str], target: str, lease: str) -> dict[str, str]:
    """Return `leases` with `lease` for `target`; "" removes it."""
    others = {name: held for name, held in leases.items() if name != target}
    return {**others, target: lease} if lease else others


def late_write_possible(lease: str) -> bool:
    """Return whether `lease` is the marker that a write of a former owner may still arrive."""
    return lease.startswith((LATE_WRITE, former_values.LATE_WRITE))
