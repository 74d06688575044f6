"""Other accounts that a directory's rules and limits name: of replicas, and of programs that write people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gateway.setup.clauses import QUOTED
from gateway.setup.survey import Database, normal_dn

OF_OURS = re.compile(r"\battrs=\S*mamiaPasswordStamp", re.IGNORECASE)
"""A rule that setup wrote to close what is secret; it names the accounts that still read it."""
_DN = rf'dn(?:\.exact|\.base)?=(?:{QUOTED.pattern}|(?P<plain>[^"\s]\S*))'
CLAUSE = re.compile(rf"\bby\s+{_DN}\s+(?P<access>[a-z=+-]+)", re.IGNORECASE)
UNLIMITED = re.compile(rf"^{_DN}\s.*size(?:\.\w+)?=unlimited", re.IGNORECASE)
WRITES = re.compile(r"write|manage|=\w*[wa]\w*", re.IGNORECASE)


def find_readers(database: Database, ours: Iterable[str]) -> list[str]:
    """Return the accounts with which replicas read: those of our own rules, and those without limits of a provider.

    `ours`: DNs of our accounts.
    """
    closing = (rule for rule in database.access if OF_OURS.search(rule))
    named = [_dn(match) for rule in closing for match in CLAUSE.finditer(rule) if match["access"].lower() == "read"]
    if database.overlays_of("syncprov"):
        named += [_dn(match) for limit in database.limits if (match := UNLIMITED.match(limit))]
    return _others(named, ours)


def find_writers(database: Database, ours: Iterable[str]) -> list[str]:
    """Return the accounts that a rule lets write something; the administrator needs no rule."""
    clauses = (match for rule in database.access for match in CLAUSE.finditer(rule))
    return _others((_dn(match) for match in clauses if WRITES.fullmatch(match["access"])), [*ours, database.root_dn])


def _dn(match: re.Match[str]) -> str:
    return match["plain"] or match[1]


def _others(dns: Iterable[str], ours: Iterable[str]) -> list[str]:
    known = {normal_dn(dn) for dn in ours}
    return list(_once(dn for dn in dns if normal_dn(dn) not in known and "cn=external" not in dn.lower()))


def _once(dns: Iterable[str]) -> Iterator[str]:
    seen = set()
    for dn in dns:
        if normal_dn(dn) not in seen:
            seen.add(normal_dn(dn))
            yield dn
