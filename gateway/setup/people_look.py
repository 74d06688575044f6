"""How the people of a directory look: their object classes, their attributes, and what may be their login."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from ldap3 import Connection

from gateway.account.errors import DirectoryMisconfigured
from gateway.ldap import Entry, ServerUnavailable, entry_of, search_pages
from gateway.setup.layout import parent_of

PERSON = "(|(objectClass=person)(objectClass=inetOrgPerson)(objectClass=posixAccount)(objectClass=mamiaPerson))"
MAX_SAMPLE = 1000
PAGE_SIZE = 500
KINDS = ("eduPersonPrimaryAffiliation", "eduPersonAffiliation", "employeeType")
"""Attributes whose values distinguish staff from pupils."""
MAX_KINDS = 20
NO_LOGIN = frozenset(("objectclass", "userpassword", "cn", "sn", "displayname", "mail", "jpegphoto", "description"))


@dataclass(frozen=True, slots=True)
class PeopleLook:
    """A sample of the people below some DNs."""

    count: int
    """How many were read, at most MAX_SAMPLE for each base."""
    is_complete: bool
    """Whether these are all."""
    parents: Mapping[str, int] = field(default_factory=dict)
    """DN of the entry above → how many people are directly below it, the most first."""
    classes: Mapping[str, int] = field(default_factory=dict)
    """Object class → how many have it."""
    attributes: Mapping[str, int] = field(default_factory=dict)
    """Attribute in lower case → how many have it."""
    login_attributes: tuple[str, ...] = ()
    """Attributes of which everybody has one value and nobody the same; in lower case, uid first."""
    filters: tuple[tuple[str, int], ...] = ()
    """Filters that select some of them, each with the number of people in the sample."""


def look_at_people(connection: Connection, bases: Iterable[str]) -> PeopleLook:
    """Read at most MAX_SAMPLE people below each base. A base that may not be read has none."""
    people: list[Entry] = []
    is_complete = True
    for base in bases:
        found = _sample(connection, base)
        is_complete = is_complete and len(found) <= MAX_SAMPLE
        people += found[:MAX_SAMPLE]
    classes = Counter(value for entry in people for value in entry.all("objectClass"))
    return PeopleLook(
        len(people),
        is_complete,
        parents=dict(Counter(parent_of(entry.dn) for entry in people).most_common()),
        classes=dict(classes.most_common()),
        attributes=dict(Counter(name for entry in people for name in entry.by_type).most_common()),
        login_attributes=_login_attributes(people),
        filters=(*((f"(objectClass={name})", count) for name, count in classes.most_common()), *_kinds(people)),
    )


def _sample(connection: Connection, base: str) -> list[Entry]:
    answers = search_pages(connection, base, PERSON, ["*"], PAGE_SIZE)
    try:
        return [entry_of(answer) for answer in islice(answers, MAX_SAMPLE + 1)]
    except (ServerUnavailable, DirectoryMisconfigured):
        return []


def _login_attributes(people: list[Entry]) -> tuple[str, ...]:
    if not people:
        return ()
    unique = []
    for name in people[0].by_type:
        values = [entry.all(name) for entry in people]
        if name in NO_LOGIN or any(len(held) != 1 for held in values):
            continue
        if len({held[0].lower() for held in values}) == len(people):
            unique.append(name)
    return tuple(sorted(unique, key=lambda name: (name != "uid", "login" not in name, name)))


def _kinds(people: list[Entry]) -> list[tuple[str, int]]:
    counts = Counter(f"({name}={value})" for entry in people for name in KINDS for value in entry.all(name))
    return counts.most_common(MAX_KINDS)
