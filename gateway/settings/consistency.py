"""Checks between settings: values that are valid alone and contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.settings import Recovery, ResetMode, Settings, Web
from gateway.settings.types import is_loopback


def contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the key and the message of each contradiction that concerns every process."""
    yield from _of_second_factor(settings)
    yield from _of_api_clients(settings)
    yield from _of_capture(settings)
    yield from _of_helpdesk(settings)
    yield from _of_recovery(settings)
    yield from _of_reminders(settings)
    yield from _of_webhooks(settings)


def _of_recovery(settings: Settings) -> Iterator[tuple[str, str]]:
    recovery = settings.recovery
    if recovery.is_on and settings.reset.mode is ResetMode.INITIAL:
        yield "recovery.methods", 'needs reset.mode = "choose": "initial" writes as soon as the numbers are right'
    if "mail" in recovery.methods and not (settings.notifications.spool and settings.notifications.smtp_host):
        yield "recovery.methods", 'has "mail", and [notifications] names no mail server (spool, smtp_host)'
    if "mobile" in recovery.methods and not settings.second_factor.sms_gateway_url:
        yield "recovery.methods", 'has "mobile", and second_factor.sms_gateway_url is missing'
    if "passkey" in recovery.methods:
        yield from _of_passkeys(recovery)


def _of_passkeys(recovery: Recovery) -> Iterator[tuple[str, str]]:
    host = urlsplit(recovery.origin).hostname or ""
    if not (recovery.rp_id and host):
        yield "recovery.methods", 'has "passkey", which needs recovery.rp_id and recovery.origin'
    elif host != recovery.rp_id and not host.endswith(f".{recovery.rp_id}"):
        yield "recovery.rp_id", "is neither the host of recovery.origin nor a domain above it"


def _of_webhooks(settings: Settings) -> Iterator[tuple[str, str]]:
    webhooks = settings.webhooks
    if webhooks.url and not webhooks.secret_file:
        yield "webhooks.secret_file", "is missing: mamia keygen --webhook makes one"
    if webhooks.url and not webhooks.spool:
        yield "webhooks.spool", "is missing: a folder for events that wait, such as /var/lib/mamia/webhooks"
    if webhooks.secret_file and not webhooks.url:
        yield "webhooks.url", "is missing: the address that receives the events"


def _of_helpdesk(settings: Settings) -> Iterator[tuple[str, str]]:
    helpdesk, others = settings.helpdesk, (settings.directory.bind_dn, settings.workstation.bind_dn)
    if helpdesk.bind_dn and helpdesk.bind_dn.lower() in (dn.lower() for dn in others if dn):
        yield "helpdesk.bind_dn", "is another part's account: the helpdesk needs one of its own, with its own rights"
    if helpdesk.bind_dn is None and (helpdesk.agents_group or helpdesk.agents_filter or helpdesk.four_eyes_filter):
        yield "helpdesk.bind_dn", "is missing: the helpdesk's own account in the directory"
    if helpdesk.has_pages and helpdesk.second_factor == ["passkey"] and "passkey" not in settings.recovery.methods:
        yield "helpdesk.second_factor", 'takes passkeys alone, and recovery.methods does not have "passkey"'


def _of_helpdesks_password(settings: Settings) -> Iterator[tuple[str, str]]:
    helpdesk = settings.helpdesk
    if helpdesk.is_on and not (helpdesk.password or helpdesk.bind_password_file):
        yield "helpdesk.bind_password", "is missing, and so is helpdesk.bind_password_file"


def _of_reminders(settings: Settings) -> Iterator[tuple[str, str]]:
    dn = settings.reminders.bind_dn
    others = (settings.directory.bind_dn, settings.workstation.bind_dn, settings.helpdesk.bind_dn)
    if dn and dn.lower() in (other.lower() for other in others if other):
        yield "reminders.bind_dn", "is another part's account: reminders need one of their own, with its own rights"
    if dn and not settings.notifications.spool:
        yield "reminders.bind_dn", "needs notifications.spool: without it no mail can be sent"


def _of_capture(settings: Settings) -> Iterator[tuple[str, str]]:
    capture = settings.capture
    if capture.answer_only and not capture.socket:
        yield "capture.answer_only", "needs capture.socket, the socket on which slapd asks"
    if capture.socket and not capture.answer_only and not settings.workstation.targets:
        yield "capture.socket", "has no target for passwords: [workstation.targets] names none"


def contradictions_of_web(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the contradictions that concern the web service alone.

    The worker and the listener skip these, because some settings may be in the environment of the web service only.
    """
    yield from _of_addresses(settings.web)
    yield from _of_proxies(settings)
    yield from _of_store(settings)
    yield from _of_helpdesks_password(settings)


def _of_second_factor(settings: Settings) -> Iterator[tuple[str, str]]:
    methods, people = settings.second_factor.methods, settings.people
    if methods and settings.reset.mode is ResetMode.INITIAL:
        yield (
            "second_factor.methods",
            'needs reset.mode = "choose": "initial" writes as soon as the numbers are right',
        )
    if "mail" in methods and not people.private_mail:
        yield "second_factor.methods", 'has "mail", and people.private_mail names no attribute'
    if "mail" in methods and not (settings.notifications.spool and settings.notifications.smtp_host):
        yield "second_factor.methods", 'has "mail", and [notifications] names no mail server (spool, smtp_host)'
    if "phone" in methods and not people.phone:
        yield "second_factor.methods", 'has "phone", and people.phone names no attribute'


def _of_api_clients(settings: Settings) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for name, client in settings.api.clients.items():
        for proof in (*client.token_sha256, *client.certificate_sha256):
            if seen.setdefault(proof, name) != name:
                yield f"api.clients.{name}", f"has the token or certificate of {seen[proof]}: which of them calls?"
        if client.certificate_sha256 and not settings.api.certificate_header:
            yield (
                f"api.clients.{name}.certificate_sha256",
                "needs api.certificate_header: without it the service sees no certificate",
            )


OPEN_ADDRESS = (
    "{host} can be reached from other machines, in plain text and without the proxy that refuses slow clients. Use "
    "127.0.0.1 (or web.socket) with a proxy such as deploy/nginx/mamia.conf on this machine; only in a container "
    "network that nobody but the proxy reaches, set web.is_in_container_network = true"
)


def _of_addresses(web: Web) -> Iterator[tuple[str, str]]:
    """Refuse addresses that other machines can reach, outside a container network.

    gunicorn waits without limit for the rest of a half-sent request, so only a proxy may reach it.
    """
    for key, host in (("web.listen_address", web.listen_address), ("web.health_host", web.health_host)):
        if not is_loopback(host) and not web.is_in_container_network:
            yield key, OPEN_ADDRESS.format(host=host)
    if web.health_port == web.port and web.health_host == web.listen_address and not web.socket:
        yield "web.health_port", "is web.port too: give it a port of its own, or 0 for none"
    if web.is_in_container_network and not web.trusted_proxies:
        yield (
            "web.is_in_container_network",
            "needs web.trusted_proxies: the proxy that ends TLS and refuses slow clients",
        )
    if web.socket and not web.trusted_proxies:
        yield "web.socket", "needs web.trusted_proxies: a socket gives no address, so all people would count as one"


def _of_proxies(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.api.certificate_header and not settings.web.trusted_proxies:
        yield "api.certificate_header", "needs web.trusted_proxies: the header is believed from these proxies only"
    if settings.web.secure_cookies is False and settings.web.trusted_proxies:
        yield "web.secure_cookies", "is false behind a proxy: cookies would travel in plain text"


MEMORY_STORE = (
    "keeps counts and used tickets in memory, and people can reach this service: after a restart guessing would "
    "start afresh and used tickets would be accepted again. Set it to a redis:// or valkey:// URL; to take that "
    "risk, rate_limits.allow_memory_store = true"
)


def _of_store(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.web.processes > 1 and settings.rate_limits.store.startswith("memory:"):
        yield (
            "web.processes",
            'is more than 1, and rate_limits.store = "memory://": each would count for itself; use redis:// or valkey://',
        )
    if uses_memory_for_people(settings) and not settings.rate_limits.allow_memory_store:
        yield "rate_limits.store", MEMORY_STORE


def uses_memory_for_people(settings: Settings) -> bool:
    """Return whether a service that people can reach keeps its counts and used tickets in memory only.

    A restart then forgets them. A service for this machine alone, such as the demo, does not count.
    """
    web = settings.web
    serves_people = bool(web.trusted_proxies) or not all(map(is_loopback, web.allowed_hosts))
    return serves_people and settings.rate_limits.store.startswith("memory:")
