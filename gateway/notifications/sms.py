"""Text messages through the HTTP service of the settings."""

from __future__ import annotations

import json
import logging
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException

from gateway.http_client import open_request
from gateway.notifications.errors import DeliveryFailed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """Client of the SMS gateway; `token` is a bearer token, "" for none."""

    url: str
    token: str
    timeout_seconds: float
    tls: ssl.SSLContext

    def send(self, phone: str, text: str) -> None:
        """Send a text message.

        Raises DeliveryFailed. Phone and text are not logged, because the text contains a code.
        """
        headers = {"Content-Type": "application/json", "User-Agent": "mamia"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(  # noqa: S310 - https://, or http:// on this machine, say the settings
            self.url, json.dumps({"to": phone, "text": text}).encode(), headers, method="POST"
        )
        try:
            with open_request(request, tls=self.tls, timeout_seconds=self.timeout_seconds):
                return
        except (urllib.error.URLError, OSError, HTTPException, ValueError) as error:
            log.error("the service for text messages failed: %s", getattr(error, "code", type(error).__name__))
            raise DeliveryFailed from None
