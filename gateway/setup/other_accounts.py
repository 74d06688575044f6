"""Other accounts that a directory's rules and limits name: of replicas, and of programs that write people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gateway.setup.clauses import QUOTED
from gateway.setup.rules import Rule
from gateway.setup.survey import Database, normal_dn

OF_OURS = re.compile(r"\battrs=\S*mamiaPasswordStamp", re.IGNORECASE)
"""A rule that setup wrote to close what is secret; it names the accounts that still read it."""
_DN = rf'dn(?:\.exact|\.base)?=(?:{QUOTED.pattern}|(?P<plain>[^"\s]\S*))'
CLAUSE = re.compile(rf"\bby\s+{_DN}\s+(?P<access>[a-z=+-]+)", re.IGNORECASE)
UNLIMITED = re.compile(rf"^{_DN}\s.*size(?:\.\w+)?=unlimited", re.IGNORECASE)
WORDS = re.compile(r'(?:[^\s"]|"[^"]*")+')
SEVERAL = re.compile(r"group|set|dnattr|users$|dn\.(?:regex|sub|children|one|level)", re.IGNORECASE)
OF_ITS_RULE = re.compile(r"\$[{\d]")
"""A part of what the rule is about, as slapd puts it into a clause."""
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


def writer_clauses(rules: Iterable[Rule]) -> list[str]:
    """Return whom the directory's own rules let write something, where they name more than one account.

    Groups, regular expressions, subtrees and sets; what refers to a part of the rule itself ($1) cannot be used in
    another rule.
    """
    found = []
    for clause in (clause for rule in rules for clause in rule.clauses):
        words = WORDS.findall(clause)
        at = next((number for number, word in enumerate(words) if number and WRITES.fullmatch(word)), 0)
        if at and SEVERAL.match(words[0]) and not OF_ITS_RULE.search(clause):
            found.append(" ".join(words[:at]))
    return list(dict.fromkeys(found))


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
