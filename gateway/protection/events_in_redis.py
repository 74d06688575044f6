"""The event store in a Redis or Valkey that several processes share."""

from __future__ import annotations

import secrets
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from gateway.protection.event_store import (
    BUCKETS,
    MAX_TIMES,
    PER_BUCKET,
    REPEAT_SECONDS,
    TAG_BYTES,
    DayCount,
    Event,
    EventKeys,
    Place,
    newest,
)
from gateway.protection.rate_limiting.store import Store

PREFIX = "mamia:events"
_DAY_SECONDS = 86_400
_ENTRY = struct.Struct(f">{TAG_BYTES}sIIH")
"""The tag, the last and the first time in seconds since 1970 (UTC), and the count. Service and outcome follow."""
SWEPT_AT_ONCE = 16
"""Lists in which one call looks for what is too old, so that no call keeps the rate limits waiting."""
_FORGET_OLD = """
local function forget_old(key, oldest)
  local newest = redis.call('LINDEX', key, 0)
  if newest and struct.unpack('>I4', newest, 9) <= oldest then redis.call('DEL', key) end
  local last = redis.call('LINDEX', key, -1)
  while last and struct.unpack('>I4', last, 9) <= oldest do
    redis.call('RPOP', key)
    last = redis.call('LINDEX', key, -1)
  end
end
"""
_SWEEP = (
    _FORGET_OLD
    + """
for bucket = tonumber(ARGV[2]), tonumber(ARGV[3]) - 1 do forget_old(ARGV[1] .. ':' .. bucket, tonumber(ARGV[4])) end
"""
)
"""Removes what is too old from some of the lists."""
_ADD = (
    _FORGET_OLD
    + """
local keep, at, per_bucket = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local repeat_seconds, most_times, field, kind = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7]
local is_first = 1 - redis.call('EXISTS', KEYS[1])
redis.call('HINCRBY', KEYS[1], field, 1)
redis.call('EXPIRE', KEYS[1], keep + 86400)

for place = 2, #KEYS do
  local key, tag = KEYS[place], ARGV[6 + place]
  local since, times = at, 1
  forget_old(key, at - keep)
  for _, entry in ipairs(redis.call('LRANGE', key, 0, -1)) do
    if string.sub(entry, 1, 8) == tag and string.sub(entry, 19) == kind then
      local first, before = struct.unpack('>I4', entry, 13), struct.unpack('>I2', entry, 17)
      if at - first < repeat_seconds then
        since, times = first, math.min(before + 1, most_times)
        redis.call('LREM', key, 1, entry)
        break
      end
    end
  end
  redis.call('LPUSH', key, tag .. struct.pack('>I4I4I2', at, since, times) .. kind)
  redis.call('LTRIM', key, 0, per_bucket - 1)
  redis.call('EXPIRE', key, keep)
end
return is_first
"""
)
"""Keeps an event in one call, and returns 1 if it is the first one of its day, else 0."""


class RedisEventStore:
    """`EventStore` in a shared store."""

    def __init__(
        self,
        store: Store,
        keys: EventKeys,
        keep_days: int,
        zone: tzinfo,
        now: Callable[[], float] = time.time,
        prefix: str = PREFIX,
    ) -> None:
        """`zone`: the time zone in which a day begins. `now`: the clock that decides what is too old to be read.

        `prefix`: the beginning of all keys.
        """
        self._store = store
        self._prefix = prefix
        self._keys = keys
        self._keep_seconds = keep_days * _DAY_SECONDS
        self._zone = zone
        self._now = now
        self._scripts: dict[str, Any] = {}

    def add(self, logins: Sequence[str], service: str, outcome: str, at: datetime, agent: str = "") -> None:
        """Implement `EventStore.add`."""
        places = [place for login in logins if (place := self._keys.place(login))]
        keys = [self._day_key(at.astimezone(self._zone).date()), *map(self._bucket_key, places)]
        sizes = self._keep_seconds, int(at.timestamp()), PER_BUCKET, REPEAT_SECONDS, MAX_TIMES
        kind = self._keys.seal_kind(service, outcome, agent)
        tags = (place.tag for place in places)
        if self._run(_ADD, keys, [*sizes, f"{service}\0{outcome}", kind, *tags]):
            self._sweep(int(at.timestamp()) - self._keep_seconds)

    def of(self, *names: str) -> Sequence[Event]:
        """Implement `EventStore.of`."""
        places = list(dict.fromkeys(place for name in names for place in self._keys.places(name)))
        with self._store.connection() as connection, connection.pipeline(transaction=False) as pipeline:
            for place in places:
                pipeline.lrange(self._bucket_key(place), 0, -1)
            lists = pipeline.execute()
        found = zip(places, lists, strict=True)
        return newest([event for place, entries in found for event in self._events(place, entries)])

    def counts(self, first_day: date, last_day: date) -> Sequence[DayCount]:
        """Implement `EventStore.counts`."""
        days = [first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1)]
        with self._store.connection() as connection, connection.pipeline(transaction=False) as pipeline:
            for day in days:
                pipeline.hgetall(self._day_key(day))
            tables = pipeline.execute()
        return [count for day, table in zip(days, tables, strict=True) for count in _counts(day, table)]

    def try_out(self, at: datetime) -> None:
        """Add an event and read it, in keys of its own that are removed afterwards. Raises StoreUnavailable."""
        login, day = "check", at.astimezone(self._zone).date()
        prefix = f"{self._prefix}:check:{secrets.token_hex(8)}"
        own = RedisEventStore(self._store, self._keys, 1, self._zone, self._now, prefix)
        keys = [own._day_key(day), *map(own._bucket_key, self._keys.places(login))]
        try:
            own.add([login], "check", "tried", at)
            own.of(login)
            own.counts(day, day)
        finally:
            with self._store.connection() as connection:
                connection.delete(*keys)

    def _sweep(self, oldest: int) -> None:
        """Remove what is too old from the lists of all people, once a day: nobody adds to some of them any more."""
        for first in range(0, BUCKETS, SWEPT_AT_ONCE):
            self._run(_SWEEP, [], [self._prefix, first, first + SWEPT_AT_ONCE, oldest])

    def _run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        with self._store.connection() as connection:
            if script not in self._scripts:
                self._scripts[script] = connection.register_script(script)
            return self._scripts[script](keys, arguments)

    def _day_key(self, day: date) -> str:
        return f"{self._prefix}:day:{day.isoformat()}"

    def _bucket_key(self, place: Place) -> str:
        return f"{self._prefix}:{place.bucket}"

    def _events(self, place: Place, entries: Sequence[bytes]) -> Iterator[Event]:
        for entry in entries:
            tag, at, since, times = _ENTRY.unpack_from(entry)
            if tag == place.tag and at > self._now() - self._keep_seconds:
                yield self._keys.event(entry[_ENTRY.size :], at, since, times)


def _counts(day: date, table: dict[bytes, bytes]) -> Iterator[DayCount]:
    for field, count in sorted(table.items()):
        service, outcome = field.decode().split("\0")
        yield DayCount(day, service, outcome, int(count))
