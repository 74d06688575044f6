"""Where counts and what was spent are kept: this process's memory, or a Redis or Valkey that many share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, cast

from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string

from gateway.tls import PARTIAL_CHAIN, STRICT

ANSWER_SECONDS = 1
"""A store that takes longer counts as one that can't be reached."""


class StoreUnavailable(Exception):
    """Counts can't be read or written: nothing may be let through."""


class Store:
    """A storage of `limits` whose failures have one name, and whose memory is safe among threads."""

    def __init__(self, url: str, *, tls_strict: bool = True) -> None:
        self.is_shared = not url.startswith("memory:")
        shared = _shared(url, tls_strict=tls_strict) if self.is_shared else MemoryStorage()
        # "async+redis://" would give the other kind; the settings refuse it.
        self.storage = cast("Storage", shared)
        # MemoryStorage gives up a key's lock when it forgets the key, so two threads could both be the tenth of ten.
        self._lock: AbstractContextManager[object] = nullcontext() if self.is_shared else threading.Lock()

    @contextmanager
    def use(self) -> Iterator[Storage]:
        """The storage, for one question. Raises StoreUnavailable."""
        with self._lock:
            try:
                yield self.storage
            except StorageError as error:
                raise StoreUnavailable(type(error.storage_error).__name__) from None


def _shared(url: str, *, tls_strict: bool) -> Any:
    """A Redis or a Valkey: they speak the same protocol, and `limits` would want another client for each name."""
    options: dict[str, Any] = {"socket_connect_timeout": ANSWER_SECONDS, "socket_timeout": ANSWER_SECONDS}
    url = url.replace("valkey", "redis", 1) if url.startswith("valkey") else url
    if url.startswith("rediss:"):
        options["ssl_include_verify_flags"] = [PARTIAL_CHAIN, STRICT] if tls_strict else [PARTIAL_CHAIN]
        options["ssl_exclude_verify_flags"] = [] if tls_strict else [STRICT]
    return storage_from_string(url, wrap_exceptions=True, **options)
