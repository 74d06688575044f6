"""Settings of the webhooks: signed events for another program of the academy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from gateway.settings.types import Section, SecuredLink


def _of_a_receiver(url: str) -> str:
    parts = urlsplit(url)
    if url and not parts.hostname:
        raise ValueError("names no host")
    if parts.username or parts.password:
        raise ValueError("may not hold a user or password: the signature proves who sends")
    return url


class Webhooks(Section):
    """Signed events (Standard Webhooks) for a program that must know what happens to accounts.

    Without `url` nothing is sent. [Webhooks](webhooks.md) has the events, and a receiver.
    """

    url: Annotated[SecuredLink, AfterValidator(_of_a_receiver)] = ""
    """URL that receives the events by POST: https://, or http:// on this machine. Redirects are not followed."""
    secret_file: Path | None = None
    """File with the secret that signs, as `mamia keygen --webhook` makes it. With two secrets, one per line, each
    event has two signatures, so that a receiver can change from one to the other."""
    spool: Path | None = None
    """Folder for events that wait for the receiver. Web service and worker have one each: the worker's unit sets its
    own by MAMIA_WEBHOOKS__SPOOL."""
    timeout_seconds: Annotated[int, Field(ge=1, le=20)] = 10
    """Seconds to wait for the receiver's answer."""
    retry_hours: Annotated[float, Field(gt=0, le=720)] = 72.0
    """Hours after which an event that the receiver did not take is dropped."""
    tls_strict: bool = True
    """As `directory.tls_strict`, for the receiver's certificate."""

    @property
    def is_on(self) -> bool:
        """Return whether events are sent."""
        return bool(self.url)

    @property
    def origin(self) -> str:
        """Return scheme, host and port of the receiver."""
        return f"{urlsplit(self.url).scheme}://{self.host}"

    @property
    def host(self) -> str:
        """Return host and port of the receiver. The rest of the URL may hold a token, and is shown nowhere."""
        return urlsplit(self.url).netloc
