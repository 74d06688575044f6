"""Text messages that tell people what happened. They wait in a folder, so no outage of the SMS gateway loses one.

A code is never among them: it is sent at once, and is in no file.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from gateway.notifications.errors import DeliveryFailed, MessageRefused
from gateway.notifications.outgoing_queue import OutgoingQueue
from gateway.notifications.sms import SmsGateway
from gateway.notifications.webhook_receiver import Answer, Taken

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SmsNotices:
    """Keeps notices until they are sent. No log has a number or a text."""

    queue: OutgoingQueue
    admits: Callable[[str, str], bool]
    """Counts a notice of a kind to a phone number, and returns whether it may be sent."""
    wake: Callable[[], None]
    """Lets the sender look for it soon."""

    def enqueue(self, notice: str, phone: str, text: str) -> None:
        """Keep a notice, unless that phone got too many of its kind lately. Raises OSError, QueueFull."""
        if not self.admits(phone, notice):
            log.warning("a notice by text message was left out: this phone gets too many")
            return
        self.queue.enqueue(json.dumps({"to": phone, "text": text}).encode())
        self.wake()


@dataclass(frozen=True, slots=True)
class SmsPost:
    """Sends what waits, as `OutgoingSender` asks for it."""

    gateway: SmsGateway
    admits: Callable[[], bool]
    """Counts an attempt with the text messages of all codes, and returns whether it may be made."""

    def send(self, _: str, body: bytes) -> Answer:
        """Send a notice once. Beyond the rate limit it waits, as it does while the gateway is down."""
        if not self.admits():
            return Answer(Taken.NO, "rate limit")
        notice = json.loads(body)
        try:
            self.gateway.send(notice["to"], notice["text"])
        except MessageRefused:
            return Answer(Taken.REFUSED)
        except DeliveryFailed as error:
            return Answer(Taken.NO, str(error))
        return Answer(Taken.YES)
