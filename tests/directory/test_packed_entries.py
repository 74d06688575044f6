"""Packed entries come back as they were, whatever a directory holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.directory.packed_entries import PackedEntries
from gateway.ldap import Entry, entry_with

NAMES = st.sampled_from(["uid", "sn", "sn;lang-fr", "sn;x-old", "mail", "birthdate"])
VALUES = st.lists(st.text(), max_size=3).map(tuple)
ENTRIES = st.builds(entry_with, st.text(), st.dictionaries(NAMES, VALUES))


@given(st.lists(ENTRIES, max_size=5, unique_by=lambda entry: entry.dn))
def test_when_entries_are_packed_then_they_come_back_as_they_were(entries: list[Entry]) -> None:
    packed = PackedEntries()

    for entry in entries:
        packed.add(entry)

    assert dict(packed) == {entry.dn: entry for entry in entries}


def test_when_an_entry_is_read_twice_then_the_later_one_counts() -> None:
    packed = PackedEntries()

    for surname in ("Durand", "Martin"):
        packed.add(entry_with("uid=a", {"sn": (surname,)}))

    assert [entry.first("sn") for entry in packed.values()] == ["Martin"]
