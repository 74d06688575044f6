"""The event store of the settings."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from gateway.protection.event_store import EventKeys, EventStore
from gateway.protection.events_in_memory import MemoryEventStore
from gateway.protection.events_in_redis import RedisEventStore
from gateway.protection.rate_limiting.store import Store
from gateway.settings import Settings


def build_event_store(settings: Settings) -> EventStore | None:
    """Return the event store; None if the settings keep no events. Connects to nothing."""
    if not settings.events.is_on:
        return None
    keys, zone = EventKeys(settings.web.keys), ZoneInfo(settings.academy.timezone)
    store = Store(settings.rate_limits.store_url, tls_strict=settings.rate_limits.store_tls_strict)
    if not store.is_shared:
        return MemoryEventStore(keys, settings.events.keep_days, zone)
    return RedisEventStore(store, keys, settings.events.keep_days, zone)
