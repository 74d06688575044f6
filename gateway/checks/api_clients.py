"""Checks of the API clients in the settings, and of how they reach the API."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.checks.finding import Finding, ok, warn
from gateway.settings import ApiClient, Settings
from gateway.settings.types import is_loopback

MAX_ADDRESSES = 1 << 16
ROUNDCUBE = "roundcube"


def check_api_clients(settings: Settings) -> Iterator[Finding]:
    """Yield findings about the API's transport and about each API client."""
    clients = settings.api.clients
    if not clients:
        yield ok("api", "off: no client is named, and there is nothing at /api/v1/")
        return
    yield _transport(settings)
    for name, client in clients.items():
        yield from _client(f"api.clients.{name}", client)


def _transport(settings: Settings) -> Finding:
    web = settings.web
    if web.trusted_proxies or is_loopback(web.listen_address):
        return ok("api", f"on for {', '.join(settings.api.clients)}; nobody but this machine or the proxy reaches it")
    text = f"tokens and passwords come to {web.listen_address}:{web.port} in plain text"
    return warn("api", text, "a proxy that speaks TLS, and web.trusted_proxies")


def _client(subject: str, client: ApiClient) -> Iterator[Finding]:
    wide = [str(network) for network in client.addresses if network.num_addresses > MAX_ADDRESSES]
    if wide and client.token_sha256:
        text = f"its token is good from everywhere in {', '.join(wide)}"
        yield warn(subject, text, f"{subject}.addresses: the machines of the API client alone")
    if len(client.token_sha256) > 1:
        text = f"{len(client.token_sha256)} tokens are good"
        yield warn(subject, text, "take the old one out as soon as the API client has the new one")
    by = " or ".join(
        way for way, proofs in (("token", client.token_sha256), ("certificate", client.certificate_sha256)) if proofs
    )
    addresses = ", ".join(str(network) for network in client.addresses)
    yield ok(subject, f"{', '.join(client.services)} by {by}, from {addresses}, {client.rate}")
    if ROUNDCUBE in client.services and "policy" not in client.services:
        text = "people can't read the rules in the webmail"
        yield warn(subject, text, f'{subject}.services: add "policy", and take the driver of deploy/roundcube/')
