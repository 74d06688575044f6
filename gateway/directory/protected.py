"""Whose accounts must not be served: the members of groups, and those whom a filter names.

Fails closed. Nobody counts as unprotected where a group does not exist or can't be compared (RFC 4511, 4.10), nor
where the filter is Undefined (RFC 4511, 4.5.1.7: unknown attribute, no right to search by it): an assertion that
is Undefined stays so when it is negated, and then the negated filter matches no entry.
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

NOBODY_IS_SERVED = "nobody is served until people.protected_filter and people.protected_groups can be decided"
MEMBER_OF = ("memberof", "ismemberof")
"""Attributes whose values are DNs of groups: of slapo-memberof and Active Directory, and of 389 DS and OpenDJ."""
MAX_AGE_SECONDS = 15.0
"""How long it is remembered that the filter can be decided, and of which class a group is."""
_ESCAPED = re.compile(rb"\\([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class _Membership:
    """How a class of groups names its members."""

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
    """The settings' `people.protected_filter` and `people.protected_groups`, asked over the connections of `pool`.

    A member of a group inside a protected group is not seen: each group is named by the settings.
    """

    pool: ConnectionPool
    people: People
    monotonic: Callable[[], float] = time.monotonic
    _memberships: dict[str, tuple[float, tuple[_Membership, ...]]] = field(default_factory=dict)
    _filter_decided_until: float = float("-inf")

    @property
    def is_configured(self) -> bool:
        return bool(self.people.protected_filter or self.people.protected_groups)

    def includes(self, dn: str, logins: Sequence[str]) -> bool:
        """Whether the entry `dn` with these logins is protected; also True for an entry that can't be seen.

        The number of operations is the same for every `dn`. Raises DirectoryUnavailable, and DirectoryMisconfigured
        where a group or the filter can't be decided.
        """
        if not self.is_configured:
            return False
        return self.pool.run_idempotent(lambda connection: self._includes(connection, dn, logins))

    def verify(self) -> None:
        """Raises DirectoryUnavailable, and DirectoryMisconfigured where a group or the filter can't be decided."""
        if self.is_configured:
            self.pool.run_idempotent(self._verify)

    def _includes(self, connection: Connection, dn: str, logins: Sequence[str]) -> bool:
        named_by_filter = groups_named_in(self.people.protected_filter)
        # All of them are asked: the time must not tell which one answered.
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
                for value in ([dn] if membership.by_dn else _posix_names(logins))
            ]

        known = self._known_memberships(connection, group)
        found = answers(known)
        # A posixGroup without members, or a group in the place of one of another class.
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
        """Tried on one of the people: where neither the filter nor its negation matches an entry, it is Undefined."""
        filter_, people = self.people.protected_filter, self.people
        somebody = search(connection, people.base, people.filter, ["1.1"], 1)
        attributes = sorted({attribute for attribute, _ in assertions(filter_)})
        # Each attribute as well: "one or the other" can be decided for whoever has the one.
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
    """The result code: true, false, or no such attribute. Raises ServerUnfit, DirectoryMisconfigured."""
    result = compare(connection, dn, attribute, value)
    require_fit(result)
    if result["result"] not in DECIDED:
        name = result["description"]
        raise DirectoryMisconfigured(f"{attribute} of the group {dn} can't be compared ({name}): {NOBODY_IS_SERVED}")
    return int(result["result"])


@lru_cache
def groups_named_in(filter_: str) -> tuple[str, ...]:
    """The DNs in assertions of memberOf and isMemberOf: nobody is a member any more of a group that was renamed.

    Raises DirectoryMisconfigured for a text that is no filter.
    """
    return tuple(
        value
        for attribute, value in assertions(filter_)
        if attribute.partition(";")[0].lower() in MEMBER_OF and value is not None
    )


def assertions(filter_: str) -> Iterator[tuple[str, str | None]]:
    """Every attribute that a filter names, with the value it is compared with; None for presence and substrings.

    Raises DirectoryMisconfigured for a text that is no filter (RFC 4515).
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


def _posix_names(logins: Sequence[str]) -> list[str]:
    """As memberUid may hold them: it takes ASCII alone and tells capitals from small letters (RFC 2307, 2.3)."""
    return sorted({name for login in logins if login.isascii() for name in (login, login.lower())})


def are_decidable(connection: Connection, dn: str, filters: Sequence[str]) -> bool:
    """False where one of them is Undefined for the entry."""
    return _matches(connection, dn, f"(&{''.join(f'(|{one}(!{one}))' for one in filters)})")


def _matches(connection: Connection, dn: str, filter_: str) -> bool:
    """False for an entry that does not exist or may not be seen. Raises ServerUnfit, DirectoryMisconfigured."""
    found = try_search(connection, dn, filter_, ["1.1"], BASE)
    require_fit(found.result)
    if found.code not in (RESULT_SUCCESS, RESULT_NO_SUCH_OBJECT, RESULT_INSUFFICIENT_ACCESS_RIGHTS):
        raise DirectoryMisconfigured(
            f"search at {dn} with {filter_}: {found.result['description']}; {NOBODY_IS_SERVED}"
        )
    return bool(found.answers)
