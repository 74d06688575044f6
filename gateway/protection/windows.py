"""Moving windows: how often something was counted lately, several of them asked in one go."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItem
from limits.errors import StorageError
from limits.strategies import MovingWindowRateLimiter

from gateway.protection.store import Store

_IN_ONE_GO = """
local now, counts = tonumber(ARGV[1]), ARGV[2] == 'count'
for place, key in ipairs(KEYS) do
  local most, seconds = tonumber(ARGV[2 * place + 1]), tonumber(ARGV[2 * place + 2])
  local oldest = redis.call('lindex', key, most - 1)
  if oldest and tonumber(oldest) >= now - seconds then return place end
  if counts then
    redis.call('lpush', key, now)
    redis.call('ltrim', key, 0, most - 1)
    redis.call('expire', key, seconds)
  end
end
return 0
"""
"""What `limits` does window by window, in its own form: six questions of a service would be six ways to the store and
back, a quarter of the time that a change takes."""


@dataclass(frozen=True, slots=True)
class Window:
    limit: RateLimitItem
    names: tuple[str, ...]


class Windows:
    """The windows in `store`. Every method raises StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._limiter = MovingWindowRateLimiter(store.storage)
        self._script: Any = None

    def count(self, windows: Sequence[Window]) -> Window | None:
        """Count once in each, in order, up to the first that is full: that one, or None."""
        return self._first_full(windows, counts=True)

    def first_full(self, windows: Sequence[Window]) -> Window | None:
        return self._first_full(windows, counts=False)

    def free_at(self, window: Window) -> float:
        """When a full window takes the next one, in seconds since 1970."""
        with self._store.use():
            return self._limiter.get_window_stats(window.limit, *window.names).reset_time

    def _first_full(self, windows: Sequence[Window], *, counts: bool) -> Window | None:
        if self._store.is_shared:
            return self._ask_the_store(windows, counts=counts)
        passes = self._limiter.hit if counts else self._limiter.test
        for window in windows:
            with self._store.use():
                if not passes(window.limit, *window.names):
                    return window
        return None

    def _ask_the_store(self, windows: Sequence[Window], *, counts: bool) -> Window | None:
        with self._store.use() as storage:
            shared: Any = storage
            keys = [shared.prefixed_key(window.limit.key_for(*window.names)) for window in windows]
            numbers = [number for w in windows for number in (w.limit.amount, w.limit.get_expiry())]
            try:
                if self._script is None:
                    self._script = shared.get_connection().register_script(_IN_ONE_GO)
                place = int(self._script(keys, [time.time(), "count" if counts else "look", *numbers]))
            except shared.base_exceptions as error:
                raise StorageError(error) from error
        return windows[place - 1] if place else None
