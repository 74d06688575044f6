"""The store of counts and used tickets: the memory of this process, or a shared Redis or Valkey."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from limits.errors import StorageError
from limits.storage import Storage, storage_from_string

from gateway.tls import CIPHERS, MINIMUM_VERSION, PARTIAL_CHAIN, STRICT

ANSWER_SECONDS = 1
"""Seconds after which a store counts as unavailable."""


class StoreUnavailable(Exception):
    """Counts cannot be read or written, so nothing may be allowed.

    Its text is the type of the failure and, if the store refused, the first word of its reply ("DENIED", "NOAUTH").
    """

    def __init__(self, text: str, cause: BaseException | None = None) -> None:
        super().__init__(text)
        self.cause = cause
        """The client library's error, for checks; it contains the store's reply and no password."""


@dataclass(frozen=True, slots=True)
class StoreMemory:
    """Memory of a shared store, in bytes."""

    used: int
    limit: int
    """`maxmemory`; 0 if there is none."""
    of_machine: int
    eviction: str
    """`maxmemory-policy`: which keys it deletes when it is full; `noeviction` for none."""
    keys: int

    @property
    def full_ratio(self) -> float:
        """Return the share of the memory that is used, from 0 to 1."""
        return self.used / (self.limit or self.of_machine or self.used or 1)


@dataclass(frozen=True, slots=True)
class StorePersistence:
    """What a shared store keeps over a restart."""

    appends: bool
    """`appendonly`: every write is kept."""
    saves: str | None
    """`save`: when it copies everything to its disk; "" for never, None if it may not be read."""


class Store:
    """The store of the settings. A shared one is a storage of `limits`, whose failures become StoreUnavailable.

    The memory of this process needs no connection, and its counts are in `MemoryCounts`: MemoryStorage of `limits`
    needs 3.7 kB per attempt, never frees it, and reads all of it after each attempt.
    """

    def __init__(self, url: str, *, tls_strict: bool = True) -> None:
        self.is_shared = not url.startswith("memory:")
        # "async+redis://" would return the other kind of storage; the settings refuse it.
        self._storage = cast("Storage", _shared(url, tls_strict=tls_strict)) if self.is_shared else None

    @contextmanager
    def use(self) -> Iterator[Storage]:
        """Return the shared storage, for one operation. Raises StoreUnavailable."""
        if self._storage is None:
            raise ValueError("memory:// is not shared")
        try:
            yield self._storage
        except StorageError as error:
            cause = error.storage_error
            raise StoreUnavailable(_failure(cause), cause) from None

    def memory(self) -> StoreMemory:
        """Return the memory of a shared store. Raises StoreUnavailable, also if its user may not run INFO."""
        with self.connection() as connection:
            memory_info, keys = connection.info("memory"), connection.dbsize()
        return StoreMemory(
            used=memory_info["used_memory"],
            limit=memory_info["maxmemory"],
            of_machine=memory_info["total_system_memory"],
            eviction=memory_info["maxmemory_policy"],
            keys=keys,
        )

    def persistence(self) -> StorePersistence:
        """Return what a shared store keeps. Raises StoreUnavailable, also if its user may not run INFO."""
        with self.connection() as connection:
            appends = bool(connection.info("persistence")["aof_enabled"])
        try:
            with self.connection() as connection:
                saves = connection.config_get("save").get("save")
        except StoreUnavailable:
            # CONFIG is among the commands that a user of the store should not have.
            saves = None
        return StorePersistence(appends, saves)

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """Return the client of the shared storage, for one operation. Raises StoreUnavailable."""
        with self.use() as storage:
            shared: Any = storage
            try:
                yield shared.get_connection()
            except shared.base_exceptions as error:
                raise StorageError(error) from error


def reply_code(error: BaseException) -> str:
    """Return the first word of the store's reply, such as DENIED; empty if it sent none. The rest may quote a key."""
    code = re.match(r"[A-Z]{3,}(?= )", str(error))
    return code[0] if code else ""


def _failure(cause: BaseException) -> str:
    code = reply_code(cause)
    return f"{type(cause).__name__}: the store says {code}" if code else type(cause).__name__


def _shared(url: str, *, tls_strict: bool) -> Any:
    """Return the storage.

    Redis and Valkey use one protocol, but `limits` would require another client library for each name.
    """
    options: dict[str, Any] = {"socket_connect_timeout": ANSWER_SECONDS, "socket_timeout": ANSWER_SECONDS}
    url = url.replace("valkey", "redis", 1) if url.startswith("valkey") else url
    if url.startswith("rediss:"):
        options |= {"ssl_min_version": MINIMUM_VERSION, "ssl_ciphers": CIPHERS}
        options["ssl_include_verify_flags"] = [PARTIAL_CHAIN, STRICT] if tls_strict else [PARTIAL_CHAIN]
        options["ssl_exclude_verify_flags"] = [] if tls_strict else [STRICT]
    return storage_from_string(url, wrap_exceptions=True, **options)
