"""Packed entries of staff come back as they were, whatever a directory holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.directory.staff_members import PackedEntries
from gateway.ldap import Entry, entry_with

NAMES = st.sampled_from(["uid", "sn", "sn;lang-fr", "sn;x-old", "mail", "birthdate"])
VALUES = st.lists(st.text(), max_size=3).map(tuple)
ENTRIES = st.builds(entry_with, st.text(), st.dictionaries(NAMES, VALUES))


@given(st.lists(ENTRIES, max_size=5))
def test_when_entries_are_packed_then_they_come_back_as_they_were(entries: list[Entry]) -> None:
    packed = PackedEntries()

    for entry in entries:
        packed.append(entry)

    assert list(packed) == entries
    assert [packed[place] for place in range(len(packed))] == entries


def test_when_some_are_asked_for_by_dn_then_they_alone_are_found() -> None:
    packed = PackedEntries()
    for dn in ("uid=a", "uid=b", "uid=c"):
        packed.append(entry_with(dn, {"uid": (dn[-1],)}))

    found = packed.having({"uid=a", "uid=c", "uid=elsewhere"})

    assert found.keys() == {"uid=a", "uid=c"}
    assert found["uid=c"].first("uid") == "c"
