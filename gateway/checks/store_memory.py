"""Check that a Redis or Valkey has room for all counts and used tickets, evicts none, and survives a restart."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.protection.event_store import MAX_BYTES as EVENT_BYTES
from gateway.protection.rate_limiting.store import Store, StoreMemory, StoreUnavailable
from gateway.settings import Settings

CHECKED = "rate_limits.store: memory"
PERSISTENCE = "rate_limits.store: persistence"
MIN_BYTES = 192 * 1024**2
"""The tables of counts take 100 MB; the rest is for times and used tickets at the rate of `rate_limits.overall`."""
MAX_FULL_RATIO = 0.75
"""The same value as in the alert MamiaStoreFilling."""
FORBIDDEN = "NoPermissionError"
NO_EVICTION = "noeviction"


def check_store_memory(settings: Settings) -> Iterator[Finding]:
    """Yield a finding about the memory of a shared store.

    There is none for a store in memory, or one that cannot be used, because `check_store` reports that.
    """
    store = Store(settings.rate_limits.store_url, tls_strict=settings.rate_limits.store_tls_strict)
    if not store.is_shared:
        return
    try:
        memory = store.memory()
    except StoreUnavailable as error:
        if str(error) == FORBIDDEN:
            user = urlsplit(settings.rate_limits.store).username or "default"
            hint = f"redis-cli ACL SETUSER {user} +info +dbsize: the gateway's user must run INFO and DBSIZE"
            yield warn(CHECKED, f"it can't be read ({error})", hint)
        return
    yield _judged(memory, MIN_BYTES + (EVENT_BYTES if settings.events.is_on else 0))


def check_store_persistence(settings: Settings) -> Iterator[Finding]:
    """Yield a finding about what a shared store remembers after a restart.

    There is none for a store in memory, or one whose facts cannot be read, because other checks report that.
    """
    store = Store(settings.rate_limits.store_url, tls_strict=settings.rate_limits.store_tls_strict)
    if not store.is_shared:
        return
    try:
        persistence = store.persistence()
    except StoreUnavailable:
        return
    lasting = "appendonly yes in redis.conf, and at once: redis-cli CONFIG SET appendonly yes"
    if persistence.appends:
        yield ok(PERSISTENCE, "kept over a restart (appendonly)")
    elif persistence.saves == "":
        text = "nothing is kept over a restart of the store: counts begin at 0, and used tickets are accepted again"
        yield warn(PERSISTENCE, text, lasting)
    else:
        text = "only copies are kept (save): what was counted and used since the last one is lost at a crash"
        yield warn(PERSISTENCE, text, lasting)


def _judged(memory: StoreMemory, needed: int) -> Finding:
    if memory.limit and memory.eviction != NO_EVICTION:
        text = f"maxmemory-policy is {memory.eviction}: a full store forgets attempts, and accepts used tickets again"
        return fail(CHECKED, text, f"maxmemory-policy {NO_EVICTION}")
    if not memory.limit:
        text = "maxmemory is 0: it may take all the memory of its machine, and no alert comes before that"
        return warn(CHECKED, text, f"maxmemory 256mb and maxmemory-policy {NO_EVICTION}")
    if memory.limit < needed:
        text = (
            f"maxmemory is {_mb(memory.limit)} MB: a flood of attempts fills it, and then everybody is refused (503)"
        )
        return warn(CHECKED, text, "maxmemory 256mb")
    if memory.full_ratio > MAX_FULL_RATIO:
        text = f"{_mb(memory.used)} of {_mb(memory.limit)} MB are in use; a full store refuses everybody (503)"
        return warn(CHECKED, text, f"maxmemory {2 * _mb(memory.limit)}mb, or find out what else is kept there")
    return ok(CHECKED, f"{_mb(memory.used)} of {_mb(memory.limit)} MB are in use, and nothing is evicted")


def _mb(size: int) -> int:
    return size // 1024**2
