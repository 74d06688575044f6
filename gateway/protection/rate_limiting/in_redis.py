"""Counts of rate limits in a Redis or Valkey that several processes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from limits.errors import StorageError

from gateway.protection.rate_limiting.store import Store
from gateway.protection.rate_limiting.stored_script import StoredScript
from gateway.protection.rate_limiting.windows import SPANS, Full, Usage, Window

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

local function cells(key, amount, seconds, refuses, slot, bytes, slots)
  local long, size, most = seconds / spans, 5 + (spans + 1) * bytes, 256 ^ bytes - 1
  local last, cell = math.floor(now / long), '>I' .. bytes
  local row = redis.call('GETRANGE', key, slot * size, (slot + 1) * size - 1)
  local each, count, known = {}, 0, -math.huge
  if row ~= '' then known = struct.unpack('>I5', row) end
  for back = 0, spans do
    local at = known - (last - back)
    each[back] = 0
    if at >= 0 and at <= spans then each[back] = struct.unpack(cell, row, 6 + at * bytes) end
    count = count + each[back]
  end
  if mode == 'read' then
    answers[#answers + 1] = count
    return 0
  end
  if refuses and count >= amount then
    for back = spans, 0, -1 do
      count = count - each[back]
      if count < amount then return (last - back + spans + 1) * long - now end
    end
  end
  if mode == 'hit' then
    each[0] = math.min(each[0] + 1, most)
    local cells_now = {struct.pack('>I5', last)}
    for back = 0, spans do cells_now[back + 2] = struct.pack(cell, each[back]) end
    if row == '' then
      -- At its full size at once: a string that grows takes twice its size.
      redis.call('SETRANGE', key, slots * size - 1, string.char(0))
    end
    redis.call('SETRANGE', key, slot * size, table.concat(cells_now))
    redis.call('PEXPIRE', key, math.ceil((spans + 1) * long * 1000))
  end
  return 0
end

for place, key in ipairs(KEYS) do
  local first = 6 * place - 3
  local amount, seconds, refuses = tonumber(ARGV[first]), tonumber(ARGV[first + 1]), ARGV[first + 2] == '1'
  local slot, bytes, slots = tonumber(ARGV[first + 3]), tonumber(ARGV[first + 4]), tonumber(ARGV[first + 5])
  local wait
  if bytes == 0 then
    wait = times(key .. ':' .. slot, amount, seconds)
  else
    wait = cells(key, amount, seconds, refuses, slot, bytes, slots)
  end
  if wait > 0 then return {place, math.ceil(wait * 1000)} end
end
return answers
"""
"""Handles all windows of an attempt in one call; a call per window would take a quarter of the time of a change.

The script uses the store's clock, so that web servers with different clocks count alike. Every key has an expiry. A
table is one string: per slot the number of the newest span (5 bytes) and the cells of all spans, the newest first.
"""


class RedisCounts:
    """`Counts` in a shared store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._script: StoredScript | None = None

    def hit(self, windows: Sequence[Window]) -> Full | None:
        """Implement `Counts.hit`."""
        return _full(windows, self._run("hit", windows))

    def test(self, windows: Sequence[Window]) -> Full | None:
        """Implement `Counts.test`."""
        return _full(windows, self._run("test", windows))

    def read(self, windows: Sequence[Window]) -> list[int]:
        """Implement `Counts.read`."""
        return self._run("read", windows)

    def usage(self) -> Usage:
        """Implement `Counts.usage`."""
        memory = self._store.memory()
        return Usage(memory.keys, memory.full_ratio)

    def _run(self, mode: str, windows: Sequence[Window]) -> list[int]:
        keys = [f"{PREFIX}:{window.key}" for window in windows]
        facts = [fact for window in windows for fact in _facts(window)]
        with self._store.use() as storage:
            shared: Any = storage
            try:
                if self._script is None:
                    self._script = StoredScript(shared.get_connection(), _SCRIPT)
                return [int(number) for number in self._script(keys, [mode, SPANS, *facts])]
            except shared.base_exceptions as error:
                raise StorageError(error) from error


def _facts(window: Window) -> tuple[int, ...]:
    """Return the script's six arguments for a window. A cell of 0 bytes means a window that keeps times."""
    cell_bytes = 0 if window.keeps_times else window.cell_bytes
    return window.limit.amount, window.seconds, int(window.refuses), window.slot, cell_bytes, window.slots


def _full(windows: Sequence[Window], answer: list[int]) -> Full | None:
    if not answer:
        return None
    place, milliseconds = answer
    return Full(windows[place - 1], milliseconds / 1000)
