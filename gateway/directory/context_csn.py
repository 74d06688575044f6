"""How many changes of its peers a server has received (contextCSN of OpenLDAP's syncrepl, RFC 4533)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from ldap3 import BASE, Connection
from ldap3.core.results import RESULT_INSUFFICIENT_ACCESS_RIGHTS, RESULT_NO_SUCH_OBJECT

from gateway.account.errors import DirectoryUnavailable
from gateway.ldap import Entry, is_below, is_success, read_entry, result_text, try_search

SUFFIXES = "namingContexts"
_NUMBER = re.compile(r"\d{14}\.\d{6}Z#[0-9a-f]+#(?P<server>[0-9a-f]+)#[0-9a-f]+", re.ASCII)
_NOT_SHOWN = (RESULT_NO_SUCH_OBJECT, RESULT_INSUFFICIENT_ACCESS_RIGHTS)


def read_csns(connection: Connection) -> dict[str, str]:
    """Return the newest change number per server id; empty without replication, or if the account may not read them.

    Raises DirectoryUnavailable if the server could not read them, because its progress is then unknown.
    """
    root = _read(connection, "", SUFFIXES)
    tops = [_read(connection, suffix, "contextCSN") for suffix in (root.all(SUFFIXES) if root else ())]
    csns: dict[str, str] = {}
    for number in (number for top in tops if top for number in top.all("contextCSN")):
        if match := _NUMBER.fullmatch(number):
            csns[match["server"]] = max(number, csns.get(match["server"], ""))
    return csns


def has_caught_up(held: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Return whether `held` includes all changes of `wanted`. Change numbers of one server sort as text."""
    return all(held.get(server, "") >= number for server, number in wanted.items())


def newest_csn_time(csns: Mapping[str, str]) -> datetime | None:
    """Return when (UTC) the newest of these changes was made."""
    return max(filter(None, map(_time, csns.values())), default=None)


def suffixes(connection: Connection) -> list[str]:
    """Return the suffixes of the server's databases (namingContexts, RFC 4512, 5.1)."""
    root = read_entry(connection, "", [SUFFIXES])
    return list(root.all(SUFFIXES)) if root else []


def suffix_of(connection: Connection, dn: str) -> str:
    """Return the suffix to which `dn` belongs; "" if the server has none for it."""
    return next((suffix for suffix in suffixes(connection) if is_below(dn, suffix)), "")


def _read(connection: Connection, dn: str, attribute: str) -> Entry | None:
    """Return the entry with that attribute; None if the server does not show it to this account."""
    found = try_search(connection, dn, "(objectClass=*)", [attribute], BASE)
    if not is_success(found.result) and found.code not in _NOT_SHOWN:
        raise DirectoryUnavailable(f"{attribute} of {dn}: {result_text(found.result)}")
    return next(iter(found.entries), None)


def _time(number: str) -> datetime | None:
    try:
        return datetime.strptime(number.split("#")[0], "%Y%m%d%H%M%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None
