"""The receiver of webhooks: one signed POST per attempt (Standard Webhooks)."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from http.client import HTTPException

from standardwebhooks import Webhook

from gateway.http_client import open_request
from gateway.notifications.webhook_secrets import WebhookSecrets

GONE = 410
"""The receiver wants nothing more (Standard Webhooks, "Response codes")."""


class Taken(Enum):
    """What the receiver did with an event."""

    YES = auto()
    NO = auto()
    REFUSED = auto()
    """It will never take this event."""
    GONE = auto()
    """It wants this event and all others no more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of one attempt."""

    taken: Taken
    cause: str = ""
    """For the log: a status or the kind of an error, never its text."""


@dataclass(frozen=True, slots=True)
class WebhookReceiver:
    """Sends events to the URL of the settings."""

    url: str
    secrets: WebhookSecrets
    timeout_seconds: float
    tls: ssl.SSLContext

    def send(self, event_id: str, body: bytes) -> Answer:
        """Send an event once, with a signature by each secret. Never raises for what network or receiver do."""
        now = datetime.now(UTC)
        text = body.decode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "mamia",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(one).sign(event_id, now, text) for one in self.secrets.texts),
        }
        request = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310 - as the settings say
        try:
            with open_request(
                request, tls=self.tls, timeout_seconds=self.timeout_seconds, total_seconds=self.timeout_seconds
            ):
                return Answer(Taken.YES)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(Taken.GONE if error.code == GONE else Taken.NO, str(error.code))
        except urllib.error.URLError as error:
            return Answer(Taken.NO, type(error.reason).__name__)
        except (OSError, HTTPException, ValueError) as error:
            return Answer(Taken.NO, type(error).__name__)
