"""Which events of the audit become webhooks, and what a webhook says.

A webhook holds the login and what happened: no password, no number, no birth date, no address.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from gateway.notifications.background import BackgroundTasks
from gateway.notifications.outgoing_queue import OutgoingQueue, QueueFull
from gateway.protection.audit import as_login
from gateway.workstation.model import Reason
from gateway.workstation.state import DeliveryStatus

log = logging.getLogger(__name__)

DELIVERY = "workstation"
"""The service of the worker's events in the audit."""
TYPES: Mapping[tuple[str, str], str] = {
    ("change", "changed"): "account.changed",
    ("choose", "reset"): "account.reset",
    ("reset", "initial_restored"): "account.reset",
    ("notice", "locked"): "account.locked",
    ("dispute", "disputed"): "account.disputed",
    (DELIVERY, DeliveryStatus.DONE): "account.delivered",
    (DELIVERY, DeliveryStatus.REJECTED): "account.refused",
    (DELIVERY, DeliveryStatus.EXPIRED): "account.refused",
}
"""Service and outcome of the audit → type of the event. The types are stable: receivers rely on them."""
FACTS = ("request", "client", "targets", "target")
"""Facts of the audit that a webhook has too."""
REASONS = frozenset(Reason)
EXPIRED, OTHER = "expired", "other"
"""Reasons besides those of targets: nothing was delivered in time, and a text for operators alone."""


class Webhooks(Protocol):
    """Tells another program about some events of the audit."""

    def tell(self, service: str, outcome: str, login: str, facts: Mapping[str, Any]) -> None:
        """Queue the webhook of an event that happened now, if it has one. Never raises and never waits."""


class NoWebhooks:
    """`Webhooks` where the settings name no receiver."""

    def tell(self, service: str, outcome: str, login: str, facts: Mapping[str, Any]) -> None:
        """Queue nothing."""


@dataclass(frozen=True, slots=True)
class QueuedWebhooks:
    """`Webhooks` in a queue. The file is written in the background: nobody waits for a disk."""

    queue: OutgoingQueue
    background: BackgroundTasks
    wake: Callable[[], None] = lambda: None
    """Called after each event, so that it is sent."""

    def tell(self, service: str, outcome: str, login: str, facts: Mapping[str, Any]) -> None:
        """Implement `Webhooks.tell`."""
        if event := event_of(service, outcome, login, facts, datetime.now(UTC)):
            self.background.submit(partial(self._keep, json.dumps(event, ensure_ascii=False).encode()))

    def close(self) -> None:
        """Keep what still waits for the disk."""
        self.background.close()

    def _keep(self, body: bytes) -> None:
        try:
            self.queue.enqueue(body)
        except QueueFull:
            log.error("a webhook is lost: too many wait in %s", self.queue.folder)
        except OSError as error:
            log.error("a webhook is lost: %s: %s", self.queue.folder, error.strerror)
        else:
            self.wake()


def event_of(service: str, outcome: str, login: str, facts: Mapping[str, Any], at: datetime) -> dict[str, Any] | None:
    """Return the webhook of an event of the audit; None if it has none."""
    kind = TYPES.get((service, outcome))
    if kind is None or not login:
        return None
    data = {"login": as_login(login), "outcome": str(outcome)}
    data |= {name: value for name in FACTS if (value := facts.get(name)) not in (None, "", {})}
    if kind == "account.refused":
        data["reason"] = _reason(str(outcome), str(facts.get("reason", "")))
    return {"type": kind, "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "data": data}


def _reason(outcome: str, reason: str) -> str:
    """Return why a target has no password. Operators' texts may name machines, so they stay in the audit."""
    if outcome == DeliveryStatus.EXPIRED:
        return EXPIRED
    return reason if reason in REASONS else OTHER
