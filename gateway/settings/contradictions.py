"""Settings that are right by themselves and can't be right together."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.settings import ResetMode, Settings


def contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """The key of each, and what to mend."""
    yield from _of_second_proof(settings)
    yield from _of_web(settings)
    yield from _of_portals(settings)
    yield from _of_capture(settings)


def _of_capture(settings: Settings) -> Iterator[tuple[str, str]]:
    capture = settings.capture
    if capture.answer_only and not capture.socket:
        yield "capture.answer_only", "needs capture.socket: where slapd asks"
    if capture.socket and not capture.answer_only and not settings.workstation.targets:
        yield "capture.socket", "has nowhere to bring passwords: [workstation.targets] names none"


def _of_second_proof(settings: Settings) -> Iterator[tuple[str, str]]:
    ways, people = settings.second_proof.ways, settings.people
    if ways and settings.reset.mode is ResetMode.INITIAL:
        yield (
            "second_proof.ways",
            'needs reset.mode = "choose": the other one writes as soon as the numbers are right',
        )
    if "mail" in ways and not people.private_mail:
        yield "second_proof.ways", 'has "mail", and people.private_mail names no attribute'
    if "mail" in ways and not (settings.notices.spool and settings.notices.smtp_host):
        yield "second_proof.ways", 'has "mail", and [notices] names no mail server (spool, smtp_host)'
    if "phone" in ways and not people.phone:
        yield "second_proof.ways", 'has "phone", and people.phone names no attribute'


def _of_portals(settings: Settings) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for name, client in settings.api.clients.items():
        for proof in (*client.token_sha256, *client.certificate_sha256):
            if seen.setdefault(proof, name) != name:
                yield f"api.clients.{name}", f"has the token or certificate of {seen[proof]}: which of them calls?"
        hands_on = settings.api.certificate_header or settings.api.client_ca_file
        if client.certificate_sha256 and not hands_on:
            yield (
                f"api.clients.{name}.certificate_sha256",
                "needs api.certificate_header or api.client_ca_file: no certificate is seen otherwise",
            )


def _of_web(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.web.processes > 1 and settings.throttle.store.startswith("memory:"):
        yield (
            "web.processes",
            'is more than 1, and throttle.store = "memory://": each would count for itself; use redis:// or valkey://',
        )
    if settings.api.certificate_header and not settings.web.trusted_proxies:
        yield "api.certificate_header", "needs web.trusted_proxies: from nobody else is that header believed"
    if settings.api.client_ca_file and not settings.web.tls_certificate_file:
        yield "api.client_ca_file", "needs web.tls_certificate_file: without TLS no certificate is shown"
    if bool(settings.web.tls_certificate_file) != bool(settings.web.tls_key_file):
        yield "web.tls_certificate_file", "and web.tls_key_file go together: one of them is missing"
    if settings.web.secure_cookies is False and settings.web.trusted_proxies:
        yield "web.secure_cookies", "is false behind a proxy: cookies would travel in clear"
