"""The webhooks of the settings: their queue and what sends it."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from gateway.metrics import Metrics
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.errors import WebhooksUnusable
from gateway.notifications.outgoing_queue import OutgoingQueue
from gateway.notifications.outgoing_sender import OutgoingSender
from gateway.notifications.webhook_receiver import WebhookReceiver
from gateway.notifications.webhook_secrets import read_secrets
from gateway.services.webhooks import QueuedWebhooks
from gateway.settings import Settings
from gateway.tls import verifying_context


@dataclass(frozen=True, slots=True)
class BuiltWebhooks:
    """What queues webhooks, and what sends them."""

    queued: QueuedWebhooks
    sender: OutgoingSender

    def measure(self, metrics: Metrics) -> None:
        """Set how many events wait, and the age of the oldest one; a folder that cannot be read changes nothing."""
        with suppress(OSError):
            ages = [time.time() - event.queued_at for event in self.queued.queue.waiting()]
            metrics.set_webhooks(len(ages), max(ages, default=0.0))


def build_webhooks(settings: Settings, stack: ExitStack, *, max_delay_seconds: float) -> BuiltWebhooks | None:
    """Build queue and sender; None if the settings name no receiver. Connects to nothing, and starts no thread.

    `max_delay_seconds`: as in `OutgoingQueue`. Raises WebhooksUnusable.
    """
    webhooks = settings.webhooks
    if not webhooks.is_on or webhooks.secret_file is None or webhooks.spool is None:
        return None
    secrets = read_secrets(webhooks.secret_file)
    try:
        queue = OutgoingQueue(webhooks.spool, webhooks.url, max_delay_seconds)
    except OSError as error:
        raise WebhooksUnusable(f"webhooks.spool: {error.filename}: {error.strerror}") from None
    tls = verifying_context(strict=webhooks.tls_strict)
    receiver = WebhookReceiver(webhooks.url, secrets, webhooks.timeout_seconds, tls)
    sender = OutgoingSender(queue, receiver.send, webhooks.host, webhooks.retry_hours)
    queued = QueuedWebhooks(queue, BackgroundTasks(), sender.wake)
    # At the end what is queued last is still written, and the sender has stopped before.
    stack.callback(queued.close)
    stack.callback(sender.close)
    return BuiltWebhooks(queued, sender)
