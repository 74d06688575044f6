"""Very many entries in little memory: packed, and made anew when somebody asks for one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from gateway.ldap import Entry, entry_with


class PackedEntries(Mapping[str, Entry]):
    """Entries by DN, each as one JSON text without the names of attributes: a third of what an `Entry` takes."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}
        self._names: list[tuple[str, ...]] = []
        """Attribute descriptions of an entry; most entries have the same ones."""
        self._numbers: dict[tuple[str, ...], int] = {}
        """The index of each of them in `_names`."""

    def add(self, entry: Entry) -> None:
        """Add an entry, in the place of one with the same DN."""
        names = tuple(entry.by_description)
        number = self._numbers.setdefault(names, len(self._names))
        if number == len(self._names):
            self._names.append(names)
        text = json.dumps((number, *entry.by_description.values()), ensure_ascii=False)
        self._packed[entry.dn] = text.encode()

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __contains__(self, dn: object) -> bool:
        return dn in self._packed

    def __getitem__(self, dn: str) -> Entry:
        number, *values = json.loads(self._packed[dn])
        return entry_with(dn, dict(zip(self._names[number], map(tuple, values), strict=True)))
