"""Check of the acceptable use policy: can people read its text? The form of its address only; nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.host_names import public_names
from gateway.settings import Settings
from gateway.settings.types import is_loopback

URL = "charter.url"


def check_charter(settings: Settings) -> Iterator[Finding]:
    """Yield a finding if people are asked to accept a text."""
    if not settings.charter.is_on:
        return
    address = urlsplit(settings.charter.url)
    is_own = is_loopback(address.hostname)
    if is_own and public_names(settings.web):
        text = f"{settings.charter.url} is on each person's own machine: nobody can read what they accept"
        yield fail(URL, text, "the address of the text on a site that people reach")
    elif address.scheme.lower() == "http" and not is_own:
        text = f"{settings.charter.url} is plain http: anybody between could change what people read and accept"
        yield warn(URL, text, "an https:// address")
    else:
        yield ok(URL, f"people accept version {settings.charter.version}, at {settings.charter.url}")
