"""The directory's own figures for /metrics: completed operations, and the connections of the service accounts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.checks.service_connections import expectation, service_accounts
from gateway.directory.monitor import ServerActivity, ask_server
from gateway.metrics import Metrics
from gateway.notifications.background import BackgroundTasks
from gateway.settings import Settings

log = logging.getLogger(__name__)

MIN_AGE_SECONDS = 10
EXPECTATIONS = ("yes", "no", "unknown")


@dataclass(slots=True)
class DirectoryWatch:
    """Reads the figures in a background thread, so that a directory that hangs does not delay /metrics.

    A server that does not answer keeps its last figures; `up` and mamia_directory_seconds show that it is down.
    """

    settings: Settings
    metrics: Metrics
    monotonic: Callable[[], float] = time.monotonic
    # One at a time: otherwise searches wait behind a directory that hangs, and the end of the process waits for all.
    _background: BackgroundTasks = field(default_factory=lambda: BackgroundTasks(max_waiting=1))
    _asked_at: float | None = None

    def refresh(self) -> None:
        """Start `measure` in the background, unless that was done less than MIN_AGE_SECONDS ago.

        The next read of /metrics shows the result.
        """
        now = self.monotonic()
        if self._asked_at is not None and now - self._asked_at < MIN_AGE_SECONDS:
            return
        self._asked_at = now
        self._background.submit(self.measure)

    def measure(self) -> None:
        """Read the figures of each server that takes writes, and log a warning for a server that cannot be read."""
        for url in self.settings.directory.servers:
            try:
                self._show(url, ask_server(url, self.settings.directory, service_accounts(self.settings)))
            except (DirectoryMisconfigured, DirectoryUnavailable) as error:
                log.warning("directory.monitor: %s: %s", url, error)

    def close(self) -> None:
        """Wait for the measurement that is running, and stop the thread."""
        self._background.close()

    def _show(self, url: str, activity: ServerActivity) -> None:
        for operation, count in activity.completed.items():
            self.metrics.directory_operations.labels(url, operation).set(count)
        for dn, account in service_accounts(self.settings).items():
            found = [expectation(self.settings.directory, peer) for peer in activity.peers[dn]]
            for expected in EXPECTATIONS:
                self.metrics.service_connections.labels(url, account, expected).set(found.count(expected))
