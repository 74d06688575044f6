"""The staff of a directory in little memory: entries are packed, and made anew when somebody asks for one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.account.staff_index import StaffMember
from gateway.directory.staff_mapping import StaffMapping
from gateway.ldap import Entry, entry_with


class PackedEntries:
    """Entries, each as one JSON text without the names of attributes: a third of what an `Entry` takes."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._names: list[tuple[str, ...]] = []
        """Attribute descriptions of an entry; most entries have the same ones."""
        self._places: dict[tuple[str, ...], int] = {}
        """Where each of them is in `_names`."""

    def append(self, entry: Entry) -> None:
        """Add an entry at the end."""
        names = tuple(entry.by_description)
        place = self._places.setdefault(names, len(self._names))
        if place == len(self._names):
            self._names.append(names)
        text = json.dumps((entry.dn, place, tuple(entry.by_description.values())), ensure_ascii=False)
        self._packed.append(text.encode("utf-8", "surrogatepass"))

    def having(self, dns: Collection[str]) -> dict[str, Entry]:
        """Return DN → entry, of the entries with these DNs."""
        return {entry.dn: entry for entry in self if entry.dn in dns} if dns else {}

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[Entry]:
        return map(self._unpacked, self._packed)

    def __getitem__(self, place: int) -> Entry:
        return self._unpacked(self._packed[place])

    def _unpacked(self, packed: bytes) -> Entry:
        dn, place, values = json.loads(packed)
        return entry_with(dn, dict(zip(self._names[place], map(tuple, values), strict=True)))


@dataclass(frozen=True, slots=True)
class StaffMembers:
    """The people of entries, each made when somebody asks for one."""

    mapping: StaffMapping
    entries: PackedEntries
    is_staff: bool = True
    """Whether `people.filter` matches the entries."""

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[StaffMember]:
        return (self.mapping.member(entry, is_staff=self.is_staff) for entry in self.entries)

    def __getitem__(self, place: int) -> StaffMember:
        return self.mapping.member(self.entries[place], is_staff=self.is_staff)
