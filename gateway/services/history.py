"""The history of events: each event of the audit goes into the event store too, in the background."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from gateway.notifications.background import BackgroundTasks
from gateway.protection.event_store import EventStore
from gateway.protection.rate_limiting.store import StoreUnavailable

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""Seconds without a try after the store failed, so that events never wait in a row for a store that hangs."""


class History(Protocol):
    """What `Events` tells of each event."""

    def keep(self, service: str, outcome: str, logins: Sequence[str], agent: str = "") -> None:
        """Keep an event that happened now to `logins`. Never raises and never waits."""


class NoHistory:
    """`History` where the settings keep no events."""

    def keep(self, service: str, outcome: str, logins: Sequence[str], agent: str = "") -> None:
        """Keep nothing."""


class StoredHistory:
    """`History` in an event store.

    Events are lost while the store fails: the audit has them, and people must not wait for a history.
    """

    def __init__(
        self, store: EventStore, background: BackgroundTasks, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`background` has a thread of its own: mails must not wait for a store that hangs."""
        self._store = store
        self._background = background
        self._monotonic = monotonic
        self._fails = False
        self._paused_until = 0.0

    def keep(self, service: str, outcome: str, logins: Sequence[str], agent: str = "") -> None:
        """Implement `History.keep`."""
        if self._monotonic() < self._paused_until:
            return
        self._background.submit(partial(self._add, tuple(logins), service, outcome, datetime.now(UTC), agent))

    def close(self) -> None:
        """Keep what still waits."""
        self._background.close()

    def _add(self, logins: Sequence[str], service: str, outcome: str, at: datetime, agent: str) -> None:
        if self._monotonic() < self._paused_until:
            return
        try:
            self._store.add(logins, service, outcome, at, agent)
        except StoreUnavailable as error:
            self._paused_until = self._monotonic() + PAUSE_SECONDS
            if not self._fails:
                log.error("the event store cannot be used, so events are in the audit only: %s", error)
            self._fails = True
        else:
            if self._fails:
                log.warning("the event store can be used again")
            self._fails = False
