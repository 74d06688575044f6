"""Checks of the HTTP services of the settings: SMS gateway, service for stolen passwords, receiver of webhooks.

No message and no event is sent: OPTIONS changes nothing (RFC 9110, 9.3.7).
"""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from gateway.checks.certificates import (
    handshake,
    is_accepted_unless_strict,
    reason_unless_strict,
    refused_certificate,
    service_fix,
)
from gateway.checks.finding import Finding, Level, ok
from gateway.checks.tls_trouble import connection_trouble
from gateway.http_client import open_request
from gateway.settings import Settings
from gateway.tls import refusal, verifying_context

ANSWER_SECONDS = 5
PORTS = {"http": 80, "https": 443}
RANGE = "00000"
"""A range of hashes that is asked for: it belongs to no password of this academy."""
REFUSED = (401, 403)


@dataclass(frozen=True, slots=True)
class _Service:
    """One service: the setting with its URL, the one about strictness, and what its absence means."""

    subject: str
    url: str
    strict_setting: str
    strict: bool
    effect: str
    level: Level
    """Of a finding that the service cannot be used."""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or PORTS[parts.scheme]

    def trouble(self, text: str, hint: str) -> Finding:
        return Finding(self.level, self.subject, f"{text}: {self.effect}", hint)


def check_http_services(settings: Settings) -> Iterator[Finding]:
    """Yield findings about these services, as far as the settings name them."""
    codes, password = settings.second_factor, settings.password
    if codes.sms_gateway_url:
        sends = "phone" in codes.methods
        service = _Service(
            "second_factor.sms_gateway_url",
            codes.sms_gateway_url,
            "second_factor.sms_gateway_tls_strict",
            codes.sms_gateway_tls_strict,
            "people whose code goes to their phone can't reset their password"
            if sends
            else "no text message is sent",
            Level.FAIL if sends else Level.WARN,
        )
        yield from _check(service, lambda: _text_messages(service, settings))
    if password.pwned_url:
        service = _Service(
            "password.pwned_url",
            password.pwned_url,
            "password.pwned_tls_strict",
            password.pwned_tls_strict,
            "stolen passwords are accepted",
            Level.WARN,
        )
        yield from _check(service, lambda: _stolen_passwords(service))
    yield from check_receiver(settings)


def check_receiver(settings: Settings) -> Iterator[Finding]:
    """Yield findings about the receiver of webhooks, if the settings name one."""
    webhooks = settings.webhooks
    if not webhooks.is_on:
        return
    service = _Service(
        "webhooks.url",
        webhooks.url,
        "webhooks.tls_strict",
        webhooks.tls_strict,
        "events wait",
        Level.WARN,
    )
    yield from _check(service, lambda: _receiver(service))


def _receiver(service: _Service) -> Finding:
    status, _ = _ask(service, "OPTIONS", "", {})
    if 300 <= status < 400:
        hint = "the address to which it redirects, in webhooks.url"
        return service.trouble(f"{service.host} redirects ({status}), and redirects are not followed", hint)
    if status >= 502:
        return service.trouble(f"{service.host} is out of order ({status})", "start the receiver behind its proxy")
    return ok(service.subject, f"{service.host} answers ({status}). Not tried: whether it takes an event")


def _check(service: _Service, ask: Any) -> Iterator[Finding]:
    parts = urlsplit(service.url)
    if parts.scheme == "https" and (proxy := getproxies().get("https")) and not proxy_bypass(service.host):
        yield ok(service.subject, "certificate not tried: this environment's proxy is between")
        yield from _proxy(proxy)
        return
    if parts.scheme == "https":
        try:
            handshake(service.url, None, strict=service.strict)
        except (OSError, UnicodeError) as error:
            yield _unreachable(service, error)
            return
    try:
        yield ask()
    except (urllib.error.URLError, OSError, HTTPException, ValueError) as error:
        yield _unreachable(service, error.reason if isinstance(error, urllib.error.URLError) else error)


def _proxy(proxy: str) -> Iterator[Finding]:
    """Yield a finding if the environment's proxy cannot be reached. Its password, if it has one, is not shown."""
    parts = urlsplit(proxy)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 80)
    try:
        handshake(f"http://{host}:{port}", None, strict=True)
    except (OSError, UnicodeError) as error:
        trouble = connection_trouble(error, host, port)
        hint = f"correct https_proxy, or NO_PROXY for the service's host; in a unit: Environment=. {trouble.hint}"
        yield Finding(Level.WARN, "https_proxy", f"{trouble.text}, and HTTPS services are asked through it", hint)


def _unreachable(service: _Service, error: object) -> Finding:
    if reason := refusal(str(error)):
        reason = reason_unless_strict(service.url, None) or reason
        return refused_certificate(
            service.subject,
            reason,
            service.strict_setting,
            is_accepted=lambda: is_accepted_unless_strict(service.url, None),
            otherwise=service_fix(reason),
        )
    if not isinstance(error, BaseException):
        return service.trouble(
            f"{service.host} gives no answer that can be read ({error})", f"correct {service.subject}"
        )
    trouble = connection_trouble(error, service.host, service.port)
    hint = trouble.hint
    if isinstance(error, ssl.SSLError) and "without TLS" in trouble.text:
        hint = f"the port of {service.subject} at which it speaks TLS"
    return service.trouble(trouble.text, f"{service.subject}: {hint}")


def _ask(service: _Service, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Return the status and the beginning of the answer. Raises OSError, HTTPException or ValueError."""
    request = urllib.request.Request(  # noqa: S310 - https://, or http:// on this machine, say the settings
        service.url + path, headers={"User-Agent": "mamia", **headers}, method=method
    )
    try:
        tls = verifying_context(strict=service.strict)
        with open_request(request, tls=tls, timeout_seconds=ANSWER_SECONDS) as answer:
            return answer.status, answer.read(1000).decode("ascii", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


def _text_messages(service: _Service, settings: Settings) -> Finding:
    token = settings.second_factor.sms_gateway_token
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    status, _ = _ask(service, "OPTIONS", "", headers)
    if status in REFUSED:
        text = (
            f"{service.host} refuses the token ({status})" if token else f"{service.host} asks for a token ({status})"
        )
        return service.trouble(text, "second_factor.sms_gateway_token_file: the token that its provider gave you")
    if 300 <= status < 400:
        hint = "the address to which it redirects, in second_factor.sms_gateway_url"
        return service.trouble(f"{service.host} redirects ({status}), and redirects are not followed", hint)
    if status >= 502:
        return service.trouble(f"{service.host} is out of order ({status})", "ask its provider, or wait")
    return ok(
        service.subject, f"{service.host} answers ({status}). Not tried: whether it sends, because that costs one"
    )


def _stolen_passwords(service: _Service) -> Finding:
    """Ask for one range of hashes, as a change of password does."""
    path = ("" if service.url.endswith("/") else "/") + RANGE
    status, text = _ask(service, "GET", path, {"Add-Padding": "true"})
    first = text.partition("\n")[0].strip()
    if status != 200:
        hint = (
            "password.pwned_url is the address before the five digits, such as https://api.pwnedpasswords.com/range"
        )
        return service.trouble(f"{service.url}/{RANGE} answers {status}", hint)
    suffix, _, count = first.partition(":")
    if len(suffix) != 35 or not count.isdecimal():
        hint = "password.pwned_url: a service with the range protocol, such as https://api.pwnedpasswords.com/range"
        return service.trouble(f"{service.host} answers with something else than hashes and counts", hint)
    return ok(service.subject, f"{service.host} knows the range {RANGE}")
