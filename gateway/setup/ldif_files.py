"""Read the LDIF files of `ldif/` (RFC 2849): what setup adds is written there once."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path


def ldif_folder() -> Path:
    """Return the folder `ldif/`, in a checkout and in an installed wheel."""
    return Path(str(files("gateway.templates"))).parent / "ldif"


def read_entries(name: str) -> list[tuple[str, dict[str, list[str]]]]:
    """Return DN and attributes of each entry of a file of `ldif/` that has entries in plain text."""
    text = (ldif_folder() / name).read_text(encoding="utf-8")
    lines = re.sub(r"\n ", "", text).splitlines()
    entries: list[tuple[str, dict[str, list[str]]]] = []
    for line in lines:
        if line.startswith("#") or not line.strip():
            continue
        attribute, _, value = line.partition(": ")
        if attribute == "dn":
            entries.append((value, {}))
        else:
            entries[-1][1].setdefault(attribute, []).append(value)
    return entries
