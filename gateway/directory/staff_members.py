"""The people of an import, made from entries when somebody asks for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.account.staff_index import StaffMember
from gateway.directory.staff_mapping import StaffMapping
from gateway.ldap import Entry


class StaffMembers(Mapping[str, StaffMember]):
    """People by the DN of their entry."""

    def __init__(self, mapping: StaffMapping, entries: Mapping[str, Entry], *, is_staff: bool = True) -> None:
        """`is_staff`: whether `people.filter` matches the entries."""
        self._mapping = mapping
        self._entries = entries
        self._is_staff = is_staff

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, dn: object) -> bool:
        return dn in self._entries

    def __getitem__(self, dn: str) -> StaffMember:
        return self._mapping.member(self._entries[dn], is_staff=self._is_staff)
