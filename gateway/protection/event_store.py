"""The event store: what each person tried at this service, and how often what happened on each day.

Whoever reads the store learns no login. A person's events are in one of BUCKETS lists, under a tag. Bucket and tag
are a keyed hash of the login, and the name of an agent of the helpdesk is sealed. The lists need a bounded amount of
memory, whatever is typed: a full one loses its oldest entry. The same event of the same person within an hour is one
entry with a count, so nobody can push out the history of an account with many tries at it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

BUCKETS = 1 << 13
PER_BUCKET = 128
"""A million entries in all: more than four hours of tries at the limit `rate_limits.overall`, each for another login.
"""
MAX_BYTES = 56 * 1024**2
"""Memory of a Redis in which all lists are full."""
TAG_BYTES = 8
REPEAT_SECONDS = 3600
MAX_TIMES = 2**16 - 1
MAX_SHOWN = 50
"""Maximum number of a person's events that are returned, the newest first."""
_KEY_PURPOSE = b"mamia-events"
_SEAL_PURPOSE = b"mamia-agents"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}(@[A-Za-z0-9.-]{1,190})?")
"""A login or a mail address. For anything else nothing is stored, because people type passwords into wrong fields."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one person, once or several times within an hour."""

    at: datetime
    """When it happened last (UTC)."""
    since: datetime
    """When it happened first in this hour (UTC)."""
    times: int
    service: str
    outcome: str
    """Service and outcome are those of the audit."""
    agent: str = ""
    """The agent of the helpdesk or the operator who did it; empty if the person did."""


@dataclass(frozen=True, slots=True)
class DayCount:
    """How often a service had an outcome on one day."""

    day: date
    """In the academy's time zone."""
    service: str
    outcome: str
    count: int


class EventStore(Protocol):
    """Events of people and counts by day. Every method raises StoreUnavailable."""

    def add(self, logins: Sequence[str], service: str, outcome: str, at: datetime, agent: str = "") -> None:
        """Count the event once on its day, and keep it for each of `logins`."""

    def of(self, *names: str) -> Sequence[Event]:
        """Return the last events of a person, the newest first, at most MAX_SHOWN.

        `names`: all that the person may type as login, so login and mail addresses.
        """

    def counts(self, first_day: date, last_day: date) -> Sequence[DayCount]:
        """Return what happened on these days, both included, in the order of time."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the events of one name are, by one of the secret keys."""

    bucket: int
    tag: bytes


class EventKeys:
    """Hashes the names of people and seals the names of agents with the secret keys of the web service.

    The first key is for what is written. All of them are for what is read, so that a rotation hides nothing.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._hash_keys = [_derived(key, _KEY_PURPOSE) for key in keys]
        self._boxes = [SecretBox(_derived(key, _SEAL_PURPOSE)) for key in keys]

    def place(self, login: str) -> Place | None:
        """Return where new events of `login` go; None if it can be neither a login nor a mail address."""
        return next(self.places(login), None)

    def places(self, name: str) -> Iterator[Place]:
        """Yield where events of `name` may be, by the newest key first."""
        if not _NAME.fullmatch(name.strip()):
            return
        text = name.strip().casefold().encode()
        for key in self._hash_keys:
            digest = hashlib.blake2b(text, key=key, digest_size=8 + TAG_BYTES).digest()
            yield Place(int.from_bytes(digest[:8]) % BUCKETS, digest[8:])

    def seal_kind(self, service: str, outcome: str, agent: str) -> bytes:
        """Return service, outcome and agent as one text in which the agent cannot be read.

        The same agent gives the same text, so that events can be compared without a key.
        """
        sealed = b""
        if agent:
            box = self._boxes[0]
            nonce = hashlib.blake2b(agent.encode(), key=bytes(box), digest_size=SecretBox.NONCE_SIZE).digest()
            sealed = bytes(box.encrypt(agent.encode(), nonce))
        return b"\0".join((service.encode(), outcome.encode(), sealed))

    def event(self, kind: bytes, at: float, since: float, times: int) -> Event:
        """Return the event of an entry."""
        service, outcome, sealed = kind.split(b"\0", 2)
        return Event(
            at=datetime.fromtimestamp(at, UTC),
            since=datetime.fromtimestamp(since, UTC),
            times=times,
            service=service.decode(),
            outcome=outcome.decode(),
            agent=self._agent(sealed),
        )

    def _agent(self, sealed: bytes) -> str:
        if not sealed:
            return ""
        for box in self._boxes:
            try:
                return box.decrypt(sealed).decode()
            except CryptoError:
                continue
        return UNREADABLE_AGENT


UNREADABLE_AGENT = "?"
"""Replaces an agent that was sealed with a secret key which is gone."""


def newest(events: Sequence[Event]) -> list[Event]:
    """Return at most MAX_SHOWN events, the newest first."""
    return sorted(events, key=lambda event: event.at, reverse=True)[:MAX_SHOWN]


def _derived(key: str, purpose: bytes) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=SecretBox.KEY_SIZE, person=purpose).digest()
