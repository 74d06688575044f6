"""Protected people, whose accounts must not be served: members of groups, and people whom a filter matches.

It fails closed. Nobody counts as unprotected if a group does not exist or cannot be compared (RFC 4511, 4.10), or if
the filter is Undefined (RFC 4511, 4.5.1.7: unknown attribute, no right to search by it). An Undefined assertion stays
Undefined when it is negated, so the negated filter then matches no entry.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ldap3 import BASE, Connection
from ldap3.core.exceptions import LDAPInvalidFilterError
from ldap3.core.results import (
    RESULT_COMPARE_TRUE,
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
    RESULT_SUCCESS,
)
from ldap3.operation.search import parse_filter

from gateway.account.errors import DirectoryMisconfigured
from gateway.directory.pool import ConnectionPool
from gateway.ldap import DECIDED, compare, require_fit, search, try_search
from gateway.settings import People

NOBODY_IS_SERVED = "everybody is refused until people.protected_filter and people.protected_groups can be decided"
MEMBER_OF = ("memberof", "ismemberof")
"""Attributes whose values are DNs of groups: of slapo-memberof and Active Directory, and of 389 DS and OpenDJ."""
MAX_AGE_SECONDS = 15.0
"""Seconds for which it is cached that the filter can be evaluated, and which class a group has."""
_ESCAPED = re.compile(rb"\\([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class _Membership:
    """How a class of groups lists its members."""

    object_class: str
    attribute: str
    by_dn: bool


MEMBERSHIPS = (
    _Membership("groupOfNames", "member", by_dn=True),
    _Membership("groupOfUniqueNames", "uniqueMember", by_dn=True),
    _Membership("posixGroup", "memberUid", by_dn=False),
)


@dataclass(slots=True)
class ProtectedPeople:
    """Evaluates the settings `people.protected_filter` and `people.protected_groups` over the connections of `pool`.

    A member of a nested group is not found: the settings must list each group.
    """

    pool: ConnectionPool
    people: People
    monotonic: Callable[[], float] = time.monotonic
    _memberships: dict[str, tuple[float, tuple[_Membership, ...]]] = field(default_factory=dict)
    _filter_decided_until: float = float("-inf")

    @property
    def is_configured(self) -> bool:
        """Return whether the settings protect anybody."""
        return bool(self.people.protected_filter or self.people.protected_groups)

    def includes(self, dn: str, logins: Sequence[str]) -> bool:
        """Return whether the entry `dn` with these logins is protected; True also for an entry that cannot be seen.

        The number of operations is the same for every `dn`. Raises DirectoryUnavailable, and DirectoryMisconfigured
        if a group or the filter cannot be evaluated.
        """
        if not self.is_configured:
            return False
        return self.pool.run_idempotent(lambda connection: self._includes(connection, dn, logins))

    def verify(self) -> None:
        """Raise DirectoryUnavailable, or DirectoryMisconfigured if a group or the filter cannot be evaluated."""
        if self.is_configured:
            self.pool.run_idempotent(self._verify)

    def _includes(self, connection: Connection, dn: str, logins: Sequence[str]) -> bool:
        named_by_filter = groups_named_in(self.people.protected_filter)
        # All groups are compared, so that the time does not reveal which one matched.
        in_groups = [self._is_member(connection, group, dn, logins) for group in self.people.protected_groups]
        matches_filter = bool(self.people.protected_filter) and self._matches_filter(connection, dn)
        for group in named_by_filter:
            compare_group(connection, group, "objectClass", "top")
        return matches_filter or any(in_groups)

    def _verify(self, connection: Connection) -> None:
        for group in self.people.protected_groups:
            self._read_memberships(connection, group)
        for group in groups_named_in(self.people.protected_filter):
            compare_group(connection, group, "objectClass", "top")
        if self.people.protected_filter:
            self._require_decidable_filter(connection)

    def _is_member(self, connection: Connection, group: str, dn: str, logins: Sequence[str]) -> bool:
        def answers(memberships: tuple[_Membership, ...]) -> list[int]:
            return [
                compare_group(connection, group, membership.attribute, value)
                for membership in memberships
                for value in ([dn] if membership.by_dn else posix_names(logins))
            ]

        known = self._known_memberships(connection, group)
        found = answers(known)
        # A posixGroup without members, or a group whose class has changed.
        if RESULT_NO_SUCH_ATTRIBUTE in found and (fresh := self._read_memberships(connection, group)) != known:
            found = answers(fresh)
        return RESULT_COMPARE_TRUE in found

    def _known_memberships(self, connection: Connection, group: str) -> tuple[_Membership, ...]:
        until, known = self._memberships.get(group, (float("-inf"), ()))
        return known if self.monotonic() < until else self._read_memberships(connection, group)

    def _read_memberships(self, connection: Connection, group: str) -> tuple[_Membership, ...]:
        found = tuple(
            membership
            for membership in MEMBERSHIPS
            if compare_group(connection, group, "objectClass", membership.object_class) == RESULT_COMPARE_TRUE
        )
        if not found:
            classes = ", ".join(membership.object_class for membership in MEMBERSHIPS)
            raise DirectoryMisconfigured(f"{group} is none of {classes}: {NOBODY_IS_SERVED}")
        self._memberships[group] = self.monotonic() + MAX_AGE_SECONDS, found
        return found

    def _matches_filter(self, connection: Connection, dn: str) -> bool:
        if _matches(connection, dn, f"(!{self.people.protected_filter})"):
            return False
        if self.monotonic() >= self._filter_decided_until:
            self._require_decidable_filter(connection)
        return True

    def _require_decidable_filter(self, connection: Connection) -> None:
        """Raise DirectoryMisconfigured if the filter is Undefined.

        That is so if neither the filter nor its negation matches one of the people.
        """
        filter_, people = self.people.protected_filter, self.people
        somebody = search(connection, people.base, people.filter, ["1.1"], 1)
        attributes = sorted({attribute for attribute, _ in assertions(filter_)})
        # Each attribute is tested too: an "or" can be evaluated for an entry that has only one of its attributes.
        parts = [filter_, *(f"({attribute}=*)" for attribute in attributes)]
        if somebody and not are_decidable(connection, somebody[0].dn, parts):
            unusable = [one for one in attributes if not are_decidable(connection, somebody[0].dn, [f"({one}=*)"])]
            raise DirectoryMisconfigured(
                f"people.protected_filter {filter_} can't be decided: the server does not know "
                f"{', '.join(unusable) or 'a value of it'}, or this account may not search by it; "
                f"{NOBODY_IS_SERVED}"
            )
        self._filter_decided_until = self.monotonic() + MAX_AGE_SECONDS


def compare_group(connection: Connection, dn: str, attribute: str, value: str) -> int:
    """Return the result code of a Compare: true, false, or no such attribute.

    Raises ServerUnavailable, DirectoryMisconfigured.
    """
    result = compare(connection, dn, attribute, value)
    require_fit(result)
    if result["result"] not in DECIDED:
        name = result["description"]
        raise DirectoryMisconfigured(f"{attribute} of the group {dn} can't be compared ({name}): {NOBODY_IS_SERVED}")
    return int(result["result"])


@lru_cache
def groups_named_in(filter_: str) -> tuple[str, ...]:
    """Return the DNs in assertions of memberOf and isMemberOf.

    A group that was renamed has no members under its former DN. Raises DirectoryMisconfigured for a text that is not
    a filter.
    """
    return tuple(
        value
        for attribute, value in assertions(filter_)
        if attribute.partition(";")[0].lower() in MEMBER_OF and value is not None
    )


def assertions(filter_: str) -> Iterator[tuple[str, str | None]]:
    """Yield every attribute that a filter names, with the compared value; None for presence and substrings.

    Raises DirectoryMisconfigured for a text that is not a filter (RFC 4515).
    """
    if not filter_:
        return
    try:
        nodes = list(parse_filter(filter_, None, False, False, None, False).elements)
    except LDAPInvalidFilterError as error:
        raise DirectoryMisconfigured(f"people.protected_filter {filter_}: {error}; {NOBODY_IS_SERVED}") from None
    while nodes:
        node = nodes.pop()
        nodes += node.elements
        if node.assertion and (attribute := node.assertion.get("attr")):
            value = node.assertion.get("value")
            yield _text(attribute), None if value is None else _text(value)


def _text(asserted: str | bytes) -> str:
    raw = asserted.encode() if isinstance(asserted, str) else asserted
    return _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), raw).decode("utf-8", "replace")


def posix_names(logins: Sequence[str]) -> list[str]:
    """Return the forms in which memberUid may have the logins: ASCII only, and case-sensitive (RFC 2307, 2.3)."""
    return sorted({name for login in logins if login.isascii() for name in (login, login.lower())})


def are_decidable(connection: Connection, dn: str, filters: Sequence[str]) -> bool:
    """Return False if one of the filters is Undefined for the entry."""
    return _matches(connection, dn, f"(&{''.join(f'(|{one}(!{one}))' for one in filters)})")


def _matches(connection: Connection, dn: str, filter_: str) -> bool:
    """Return False for an entry that does not exist or cannot be seen.

    Raises ServerUnavailable, DirectoryMisconfigured.
    """
    found = try_search(connection, dn, filter_, ["1.1"], BASE)
    require_fit(found.result)
    if found.code not in (RESULT_SUCCESS, RESULT_NO_SUCH_OBJECT, RESULT_INSUFFICIENT_ACCESS_RIGHTS):
        raise DirectoryMisconfigured(
            f"search at {dn} with {filter_}: {found.result['description']}; {NOBODY_IS_SERVED}"
        )
    return bool(found.answers)
