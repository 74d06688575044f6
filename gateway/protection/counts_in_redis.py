"""Counts in a Redis or Valkey that many processes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from limits.errors import StorageError

from gateway.protection.counts import SPANS, Full, Window
from gateway.protection.store import Store

PREFIX = "mamia:limit"
_SCRIPT = """
local clock = redis.call('TIME')
local now, mode, spans = tonumber(clock[1]) + tonumber(clock[2]) / 1e6, ARGV[1], tonumber(ARGV[2])
local answers = {}

local function times(key, amount, seconds)
  local packed = redis.call('GET', key) or ''
  if mode == 'read' then
    local count = 0
    for at = 1, #packed, 8 do
      if struct.unpack('>d', packed, at) > now - seconds then count = count + 1 end
    end
    answers[#answers + 1] = count
    return 0
  end
  if #packed >= 8 * amount then
    local wait = struct.unpack('>d', packed, 8 * amount - 7) + seconds - now
    if wait > 0 then return wait end
  end
  if mode == 'hit' then
    local kept = struct.pack('>d', now) .. string.sub(packed, 1, 8 * (amount - 1))
    redis.call('SET', key, kept, 'PX', seconds * 1000)
  end
  return 0
end

local function cells(key, amount, seconds, refuses, slot, bits, slots)
  local long, kind, place = seconds / spans, 'u' .. bits, '#' .. slot
  local last, count, each = math.floor(now / long), 0, {}
  for span = last - spans, last do
    each[span] = redis.call('BITFIELD', key .. ':' .. span, 'GET', kind, place)[1]
    count = count + each[span]
  end
  if mode == 'read' then
    answers[#answers + 1] = count
    return 0
  end
  if refuses and count >= amount then
    for span = last - spans, last do
      count = count - each[span]
      if count < amount then return (span + spans + 1) * long - now end
    end
  end
  if mode == 'hit' then
    local current = key .. ':' .. last
    if redis.call('EXISTS', current) == 0 then
      -- At its full size at once: a string that grows takes twice its size.
      redis.call('SETRANGE', current, slots * bits / 8 - 1, string.char(0))
    end
    redis.call('BITFIELD', current, 'OVERFLOW', 'SAT', 'INCRBY', kind, place, 1)
    redis.call('PEXPIRE', current, math.ceil((spans + 1) * long * 1000))
  end
  return 0
end

for place, key in ipairs(KEYS) do
  local first = 6 * place - 3
  local amount, seconds, refuses = tonumber(ARGV[first]), tonumber(ARGV[first + 1]), ARGV[first + 2] == '1'
  local slot, bits, slots = ARGV[first + 3], tonumber(ARGV[first + 4]), tonumber(ARGV[first + 5])
  local wait
  if bits == 0 then
    wait = times(key .. ':' .. slot, amount, seconds)
  else
    wait = cells(key, amount, seconds, refuses, slot, bits, slots)
  end
  if wait > 0 then return {place, math.ceil(wait * 1000)} end
end
return answers
"""
"""All windows of an attempt in one go: a call for each would be a quarter of the time that a change takes.

The clock is the store's, so that front ends whose clocks differ count alike. Every key has an expiry.
"""


class RedisCounts:
    """Keeps `Counts`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._script: Any = None

    def hit(self, windows: Sequence[Window]) -> Full | None:
        return _full(windows, self._run("hit", windows))

    def test(self, windows: Sequence[Window]) -> Full | None:
        return _full(windows, self._run("test", windows))

    def read(self, windows: Sequence[Window]) -> list[int]:
        return self._run("read", windows)

    def _run(self, mode: str, windows: Sequence[Window]) -> list[int]:
        keys = [f"{PREFIX}:{window.key}" for window in windows]
        facts = [fact for window in windows for fact in _facts(window)]
        with self._store.use() as storage:
            shared: Any = storage
            try:
                if self._script is None:
                    self._script = shared.get_connection().register_script(_SCRIPT)
                return [int(number) for number in self._script(keys, [mode, SPANS, *facts])]
            except shared.base_exceptions as error:
                raise StorageError(error) from error


def _facts(window: Window) -> tuple[int, ...]:
    """The script's six arguments of a window. Cells of 0 bits stand for a window that keeps times."""
    bits = 0 if window.keeps_times else window.cell_bits
    return window.limit.amount, window.seconds, int(window.refuses), window.slot, bits, window.slots


def _full(windows: Sequence[Window], answer: list[int]) -> Full | None:
    if not answer:
        return None
    place, milliseconds = answer
    return Full(windows[place - 1], milliseconds / 1000)
