"""Check of the recovery methods: has the site the name for which passkeys are made, and do methods rest?"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.host_names import public_names
from gateway.settings import Settings
from gateway.settings.host_names import canonical

METHODS, ORIGIN, REST = "recovery.methods", "recovery.origin", "recovery.rest_hours"


def check_recovery(settings: Settings) -> Iterator[Finding]:
    """Yield findings if people can add recovery methods."""
    if not settings.recovery.is_on:
        return
    found = [*_rest(settings), *_passkeys(settings)]
    yield from found or [ok(METHODS, f"people can add {', '.join(settings.recovery.methods)}")]


def _rest(settings: Settings) -> Iterator[Finding]:
    if settings.recovery.rest_hours == 0 and public_names(settings.web):
        text = "it is 0: whoever has a password for a moment adds a method and keeps the account"
        yield warn(REST, text, "rest_hours = 48, or no such line")


def _passkeys(settings: Settings) -> Iterator[Finding]:
    """Compare the site's names with the one origin of passkeys: browsers refuse a passkey under any other name."""
    if "passkey" not in settings.recovery.methods:
        return
    hosts, origin = settings.web.allowed_hosts, canonical(urlsplit(settings.recovery.origin).hostname or "")
    if not any(_serves(host, origin) for host in hosts):
        text = f"the site does not serve {origin}, only {', '.join(hosts)}: nobody can add or use a passkey"
        names = public_names(settings.web)
        hint = f'rp_id = "{names[0]}" and origin = "https://{names[0]}"' if names else "the name of your site"
        yield fail(ORIGIN, text, hint)
    elif others := [name for name in public_names(settings.web) if name != origin]:
        text = f"people who come under {', '.join(others)} cannot use passkeys, which are for {origin} only"
        yield warn(ORIGIN, text, f"let the proxy redirect them to {settings.recovery.origin}, and take them out of "
                   "web.allowed_hosts")  # fmt: skip


def _serves(host: str, name: str) -> bool:
    """Return whether an entry of web.allowed_hosts, which may be a suffix such as ".ac-example.fr", allows `name`."""
    if host.startswith("."):
        end = canonical(host[1:])
        return name == end or name.endswith(f".{end}")
    return canonical(host) == name
