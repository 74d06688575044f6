"""Where counts and what was spent are kept: this process's memory, or a Redis or Valkey that many share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from limits.errors import StorageError
from limits.storage import Storage, storage_from_string

from gateway.tls import PARTIAL_CHAIN, STRICT

ANSWER_SECONDS = 1
"""A store that takes longer counts as one that can't be reached."""


class StoreUnavailable(Exception):
    """Counts can't be read or written: nothing may be let through."""


@dataclass(frozen=True, slots=True)
class StoreMemory:
    """The memory of a shared store, in bytes."""

    used: int
    limit: int
    """`maxmemory`; 0 where it has none."""
    of_machine: int
    eviction: str
    """`maxmemory-policy`: what it forgets when it is full; `noeviction` for nothing."""
    keys: int

    @property
    def full_ratio(self) -> float:
        return self.used / (self.limit or self.of_machine or self.used or 1)


class Store:
    """Which store the settings name; a shared one is a storage of `limits` whose failures have one name.

    This process's memory needs no connection: whoever counts there keeps the counts. MemoryStorage of `limits` keeps
    3.7 kB per attempt, never frees them, and looks at all of them after each attempt.
    """

    def __init__(self, url: str, *, tls_strict: bool = True) -> None:
        self.is_shared = not url.startswith("memory:")
        # "async+redis://" would give the other kind; the settings refuse it.
        self._storage = cast("Storage", _shared(url, tls_strict=tls_strict)) if self.is_shared else None

    @contextmanager
    def use(self) -> Iterator[Storage]:
        """The shared storage, for one question. Raises StoreUnavailable."""
        if self._storage is None:
            raise ValueError("memory:// is not shared")
        try:
            yield self._storage
        except StorageError as error:
            raise StoreUnavailable(type(error.storage_error).__name__) from None

    def memory(self) -> StoreMemory:
        """Of a shared store. Raises StoreUnavailable, also where its user may not run INFO."""
        with self.use() as storage:
            shared: Any = storage
            try:
                connection = shared.get_connection()
                told, keys = connection.info("memory"), connection.dbsize()
            except shared.base_exceptions as error:
                raise StorageError(error) from error
        return StoreMemory(
            used=told["used_memory"],
            limit=told["maxmemory"],
            of_machine=told["total_system_memory"],
            eviction=told["maxmemory_policy"],
            keys=keys,
        )


def _shared(url: str, *, tls_strict: bool) -> Any:
    """A Redis or a Valkey: they speak the same protocol, and `limits` would want another client for each name."""
    options: dict[str, Any] = {"socket_connect_timeout": ANSWER_SECONDS, "socket_timeout": ANSWER_SECONDS}
    url = url.replace("valkey", "redis", 1) if url.startswith("valkey") else url
    if url.startswith("rediss:"):
        options["ssl_include_verify_flags"] = [PARTIAL_CHAIN, STRICT] if tls_strict else [PARTIAL_CHAIN]
        options["ssl_exclude_verify_flags"] = [] if tls_strict else [STRICT]
    return storage_from_string(url, wrap_exceptions=True, **options)
