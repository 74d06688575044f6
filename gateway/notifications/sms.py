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
from gateway.notifications.errors import DeliveryFailed, MessageRefused

log = logging.getLogger(__name__)

REFUSED = (400, 422)
"""Statuses for a message that would be refused again. All others are faults of gateway, network or settings."""


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """Client of the SMS gateway; `token` is a bearer token, "" for none."""

    url: str
    token: str
    timeout_seconds: float
    tls: ssl.SSLContext

    def send(self, phone: str, text: str) -> None:
        """Send a text message.

        Raises DeliveryFailed, and MessageRefused where another attempt is useless. Phone and text are not logged,
        because the text may contain a code.
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
            cause = getattr(error, "code", type(error).__name__)
            log.error("the service for text messages failed: %s", cause)
            raise (MessageRefused if cause in REFUSED else DeliveryFailed)(str(cause)) from None
