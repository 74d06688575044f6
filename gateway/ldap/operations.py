"""Search, Modify, Add and Compare (RFC 4511, 4.5 to 4.10) over an open connection.

All functions raise LDAPException and OSError if no answer comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ldap3 import BASE, SUBTREE, Connection
from ldap3.core.results import (
    RESULT_COMPARE_FALSE,
    RESULT_COMPARE_TRUE,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
    RESULT_SIZE_LIMIT_EXCEEDED,
    RESULT_SUCCESS,
)

from gateway.ldap.entry import Answer, Entry, entry_of
from gateway.ldap.results import RETRYABLE, Result, check_result

PAGED_RESULTS = "1.2.840.113556.1.4.319"
"""OID of the paged-results control (RFC 2696)."""
ANYTHING = "(objectClass=*)"
DECIDED = (RESULT_COMPARE_TRUE, RESULT_COMPARE_FALSE, RESULT_NO_SUCH_ATTRIBUTE)
"""Results of a Compare that say what the entry contains; any other result says what this account may not do."""

Scope = Literal["BASE", "LEVEL", "SUBTREE"]
Changes = dict[str, list[tuple[str, list[bytes]]]]
"""Attribute → the changes of one Modify, each with its values."""
Control = tuple[str, bool, bytes | None]
"""OID, whether it is critical, and value."""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of one search, which has not been checked."""

    result: Result
    answers: Sequence[Answer]
    """Entries only, without references to other servers."""

    @property
    def code(self) -> int:
        """Return the result code (RFC 4511, 4.1.9)."""
        return int(self.result["result"])

    @property
    def entries(self) -> list[Entry]:
        """Return the entries as text."""
        return [entry_of(answer) for answer in self.answers]

    @property
    def dns(self) -> list[str]:
        """Return the DNs of the entries."""
        return [str(answer["dn"]) for answer in self.answers]


def try_search(
    connection: Connection,
    base: str,
    filter_: str,
    attributes: Sequence[str],
    scope: Scope = SUBTREE,
    **options: Any,
) -> Found:
    """Search and return whatever the server answered.

    `options` are ldap3's: `size_limit`, `time_limit`, `paged_size`, …
    """
    _, result, answers, _ = connection.search(base, filter_, scope, attributes=list(attributes), **options)
    return Found(result, [answer for answer in answers or () if answer["type"] == "searchResEntry"])


def search(
    connection: Connection, base: str, filter_: str, attributes: Sequence[str], max_entries: int = 0
) -> list[Entry]:
    """Return the entries below `base`, at most `max_entries`; 0: as many as the server returns.

    Raises ServerUnavailable, DirectoryMisconfigured.
    """
    found = try_search(connection, base, filter_, attributes, size_limit=max_entries)
    accepted = (RESULT_SUCCESS, RESULT_SIZE_LIMIT_EXCEEDED) if max_entries else (RESULT_SUCCESS,)
    check_result(found.result, f"search below {base}", accepted=accepted)
    return found.entries


def search_pages(
    connection: Connection,
    base: str,
    filter_: str,
    attributes: Sequence[str],
    page_size: int,
    *,
    unfit: Collection[int] = RETRYABLE,
) -> Iterator[Answer]:
    """Yield every entry below `base`, page by page (RFC 2696). Raises ServerUnavailable, DirectoryMisconfigured."""
    cookie: bytes | None = None
    while True:
        found = try_search(connection, base, filter_, attributes, paged_size=page_size, paged_cookie=cookie)
        check_result(found.result, f"search below {base}", unfit=unfit)
        yield from found.answers
        control: Mapping[str, Any] = (found.result.get("controls") or {}).get(PAGED_RESULTS, {})
        cookie = control.get("value", {}).get("cookie")
        if not cookie:
            return


def find_answer(
    connection: Connection,
    dn: str,
    filter_: str,
    attributes: Sequence[str],
    *,
    absent: Collection[int] = (RESULT_NO_SUCH_OBJECT,),
    unfit: Collection[int] = RETRYABLE,
) -> Answer | None:
    """Return the entry `dn` itself if the filter matches it; None also if the result code is in `absent`.

    slapd gives the same answer for an entry that does not exist and for one that the account may not see. Raises
    ServerUnavailable, DirectoryMisconfigured.
    """
    found = try_search(connection, dn, filter_, attributes, BASE)
    check_result(found.result, f"reading {dn}", accepted=(RESULT_SUCCESS, *absent), unfit=unfit)
    return next(iter(found.answers), None)


def find_entry(
    connection: Connection,
    dn: str,
    filter_: str,
    attributes: Sequence[str],
    *,
    absent: Collection[int] = (RESULT_NO_SUCH_OBJECT,),
    unfit: Collection[int] = RETRYABLE,
) -> Entry | None:
    """Return like `find_answer`, with the values as text."""
    answer = find_answer(connection, dn, filter_, attributes, absent=absent, unfit=unfit)
    return None if answer is None else entry_of(answer)


def read_entry(connection: Connection, dn: str, attributes: Sequence[str]) -> Entry | None:
    """Return the entry `dn` itself.

    Returns None if there is none, if the account may not see it, or if the server refused.
    """
    return next(iter(try_search(connection, dn, ANYTHING, attributes, BASE).entries), None)


def modify(
    connection: Connection,
    dn: str,
    changes: Mapping[str, Sequence[tuple[str, Sequence[str | bytes]]]],
    controls: Sequence[Control] | None = None,
) -> Result:
    """Return the result of one Modify, which is done completely or not at all."""
    result: Result = connection.modify(dn, changes, controls=controls)[1]
    return result


def add(connection: Connection, dn: str, values: Mapping[str, Sequence[str | bytes]]) -> Result:
    """Return the result of adding the entry `dn`; `values` include its object classes."""
    result: Result = connection.add(dn, attributes=values)[1]
    return result


def compare(connection: Connection, dn: str, attribute: str, value: str | bytes) -> Result:
    """Return whether an entry has a value that this account may not read: one of `DECIDED`, or the reason why not."""
    result: Result = connection.compare(dn, attribute, value)[1]
    return result
