"""Check that the event store keeps events: where they are, and that the store's user may run its commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.protection.event_store import EventKeys
from gateway.protection.events_in_redis import RedisEventStore
from gateway.protection.rate_limiting.store import Store, StoreUnavailable
from gateway.settings import Settings

SUBJECT = "events.keep_days"
_NO_RIGHT = re.compile(r"NOPERM|[Nn]o permissions|NoPermission|can't run this command")


def check_events(settings: Settings) -> Iterator[Finding]:
    """Yield a finding about the event store: it is tried in keys that are removed again.

    There is none if the settings keep no events, or if the store fails otherwise, because `check_store` reports that.
    """
    if not settings.events.is_on:
        return
    days = settings.events.keep_days
    store = Store(settings.rate_limits.store_url, tls_strict=settings.rate_limits.store_tls_strict)
    if not store.is_shared:
        text = f"events are kept for {days} days in this process's memory: a restart loses them"
        yield warn(SUBJECT, f"{text}, and mamia stats cannot read them", "rate_limits.store: a redis:// URL")
        return
    try:
        RedisEventStore(store, EventKeys(settings.web.keys), days, UTC).try_out(datetime.now(UTC))
    except StoreUnavailable as error:
        if _NO_RIGHT.search(f"{error} {error.cause}"):
            user = urlsplit(settings.rate_limits.store).username or "default"
            text = "the store's user may not run the commands of the event store: events are in the audit only"
            yield fail(SUBJECT, text, f"redis-cli ACL SETUSER {user} ~mamia:* +@all -@dangerous +info")
        return
    yield ok(SUBJECT, f"{days}: events are kept in rate_limits.store, under keyed hashes of the logins")
