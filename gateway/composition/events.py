"""The event store of the settings, and what keeps events in it."""

from __future__ import annotations

from contextlib import ExitStack
from zoneinfo import ZoneInfo

from gateway.notifications.background import BackgroundTasks
from gateway.protection.event_store import EventKeys, EventStore
from gateway.protection.events_in_memory import MemoryEventStore
from gateway.protection.events_in_redis import RedisEventStore
from gateway.protection.rate_limiting.store import Store
from gateway.services.history import History, NoHistory, StoredHistory
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


def build_history(event_store: EventStore | None, stack: ExitStack) -> History:
    """Return what keeps each event in the store, with a thread of its own; `stack` waits for what is not kept yet."""
    if event_store is None:
        return NoHistory()
    history = StoredHistory(event_store, BackgroundTasks())
    stack.callback(history.close)
    return history
