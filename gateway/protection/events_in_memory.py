"""The event store in the memory of one process, for the demo and for a service without Redis."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from gateway.protection.event_store import (
    MAX_TIMES,
    PER_BUCKET,
    REPEAT_SECONDS,
    DayCount,
    Event,
    EventKeys,
    newest,
)


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: bytes
    kind: bytes
    at: float
    since: float
    times: int = 1


class MemoryEventStore:
    """`EventStore` in memory. A restart loses it, and other processes do not see it."""

    def __init__(self, keys: EventKeys, keep_days: int, zone: tzinfo, now: Callable[[], float] = time.time) -> None:
        """`zone`: the time zone in which a day begins. `now`: the clock that decides what is too old to be read."""
        self._keys = keys
        self._keep = timedelta(days=keep_days)
        self._zone = zone
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[int, list[_Entry]] = {}
        self._days: dict[date, Counter[tuple[str, str]]] = defaultdict(Counter)

    def add(self, logins: Sequence[str], service: str, outcome: str, at: datetime, agent: str = "") -> None:
        """Implement `EventStore.add`."""
        day, kind = at.astimezone(self._zone).date(), self._keys.seal_kind(service, outcome, agent)
        with self._lock:
            if day not in self._days:
                self._forget_old(at, day)
            self._days[day][service, outcome] += 1
            for login in logins:
                if place := self._keys.place(login):
                    bucket = self._buckets.get(place.bucket, [])
                    self._buckets[place.bucket] = _with(bucket, place.tag, kind, int(at.timestamp()))

    def of(self, *names: str) -> Sequence[Event]:
        """Implement `EventStore.of`."""
        places = dict.fromkeys(place for name in names for place in self._keys.places(name))
        oldest = self._now() - self._keep.total_seconds()
        with self._lock:
            entries = [
                entry
                for place in places
                for entry in self._buckets.get(place.bucket, [])
                if entry.tag == place.tag and entry.at > oldest
            ]
        return newest([self._keys.event(entry.kind, entry.at, entry.since, entry.times) for entry in entries])

    def counts(self, first_day: date, last_day: date) -> Sequence[DayCount]:
        """Implement `EventStore.counts`."""
        with self._lock:
            days = [(day, sorted(self._days[day].items())) for day in sorted(self._days)]
        return [
            DayCount(day, service, outcome, count)
            for day, table in days
            if first_day <= day <= last_day
            for (service, outcome), count in table
        ]

    def _forget_old(self, at: datetime, today: date) -> None:
        """Remove what is too old, with the first event of a day."""
        oldest = (at - self._keep).timestamp()
        kept = {number: [entry for entry in bucket if entry.at > oldest] for number, bucket in self._buckets.items()}
        self._buckets = {number: bucket for number, bucket in kept.items() if bucket}
        for day in [day for day in self._days if day < today - self._keep]:
            del self._days[day]


def _with(bucket: list[_Entry], tag: bytes, kind: bytes, at: float) -> list[_Entry]:
    """Return the bucket with one more event, which counts in the entry of the same event within the hour."""
    for entry in bucket:
        if entry.tag == tag and entry.kind == kind and at - entry.since < REPEAT_SECONDS:
            repeated = _Entry(tag, kind, at, entry.since, min(entry.times + 1, MAX_TIMES))
            return [repeated, *(other for other in bucket if other is not entry)]
    return [_Entry(tag, kind, at, at), *bucket][:PER_BUCKET]
