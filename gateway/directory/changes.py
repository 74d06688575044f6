"""How far a server has come with the changes of all its peers (contextCSN of OpenLDAP's syncrepl, RFC 4533)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from ldap3 import Connection

from gateway.directory.entry import is_below, read_entry


def change_numbers(connection: Connection) -> dict[str, str]:
    """The newest change number of each server that ever wrote; none where nothing replicates or it can't be read."""
    tops = [read_entry(connection, suffix, ["contextCSN"]) for suffix in suffixes(connection)]
    numbers: dict[str, str] = {}
    for number in (number for top in tops if top for number in top.all("contextCSN")):
        server = number.split("#")[2]
        numbers[server] = max(number, numbers.get(server, ""))
    return numbers


def holds_all(held: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Change numbers of one server are in order as text."""
    return all(held.get(server, "") >= number for server, number in wanted.items())


def newest_change(numbers: Mapping[str, str]) -> datetime | None:
    """When the newest of them was made, in UTC."""
    return max(map(_time, numbers.values()), default=None)


def suffixes(connection: Connection) -> list[str]:
    """What the server serves (RFC 4512, 5.1)."""
    root = read_entry(connection, "", ["namingContexts"])
    return list(root.all("namingContexts")) if root else []


def suffix_of(connection: Connection, dn: str) -> str:
    """The suffix to which `dn` belongs; empty where the server serves none."""
    return next((suffix for suffix in suffixes(connection) if is_below(dn, suffix)), "")


def _time(number: str) -> datetime:
    return datetime.strptime(number.split("#")[0], "%Y%m%d%H%M%S.%fZ").replace(tzinfo=UTC)
