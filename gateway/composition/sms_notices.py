"""The notices by text message of the settings: their queue and what sends it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.notifications.outgoing_queue import OutgoingQueue
from gateway.notifications.outgoing_sender import OutgoingSender
from gateway.notifications.sms import SmsGateway
from gateway.notifications.sms_notices import SmsNotices, SmsPost
from gateway.protection.rate_limiting.limiter import RateLimiter
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class BuiltSmsNotices:
    """What queues notices, and what sends them."""

    queued: SmsNotices
    sender: OutgoingSender


def build_sms_notices(
    settings: Settings,
    gateway: SmsGateway | None,
    limiter: RateLimiter,
    stack: ExitStack,
    *,
    max_delay_seconds: float,
) -> BuiltSmsNotices | None:
    """Build queue and sender; None if the settings want no notices. Connects to nothing, and starts no thread.

    `max_delay_seconds`: as in `OutgoingQueue`. Raises OSError if the folder cannot be used.
    """
    folder = settings.sms_spool
    if gateway is None or folder is None:
        return None

    def admits_notice(phone: str, notice: str) -> bool:
        try:
            return limiter.admit_notice(phone, notice) is None
        except StoreUnavailable:
            # Who is to be warned must not depend on the store. What is sent is counted all the same.
            return True

    def admits_attempt() -> bool:
        try:
            return limiter.admit_text_message() is None
        except StoreUnavailable:
            return False

    queue = OutgoingQueue(folder, gateway.url, max_delay_seconds)
    host, hours = urlsplit(gateway.url).hostname or "", settings.notifications.retry_hours
    sender = OutgoingSender(
        queue, SmsPost(gateway, admits_attempt).send, host, hours, what="text message", sends_late=False
    )
    stack.callback(sender.close)
    return BuiltSmsNotices(SmsNotices(queue, admits_notice, sender.wake), sender)


def queue_for_service(settings: Settings) -> SmsNotices | None:
    """Return what a command queues notices with; the web service sends them. Raises OSError."""
    if settings.sms_spool is None:
        return None
    queue = OutgoingQueue(settings.sms_spool, settings.second_factor.sms_gateway_url)
    return SmsNotices(queue, lambda _phone, _notice: True, lambda: None)
