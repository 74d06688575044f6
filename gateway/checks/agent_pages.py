"""Check of the helpdesk's pages: can agents reach them and show a second factor, and who is told what they do?"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.settings import Settings

SUBJECT = "helpdesk"


def check_agent_pages(settings: Settings) -> Iterator[Finding]:
    """Yield findings if the settings name agents."""
    if not settings.helpdesk.has_pages:
        return
    found = list(_problems(settings))
    yield from found
    if not found:
        networks = ", ".join(map(str, settings.helpdesk.networks))
        yield ok(SUBJECT, f"agents sign in from {networks} with {' or '.join(_factors(settings))}")


def _problems(settings: Settings) -> Iterator[Finding]:
    if not settings.helpdesk.networks:
        text = "helpdesk.networks is empty: the pages exist for nobody"
        yield fail(SUBJECT, text, "name the networks of the agents, such as 10.20.0.0/16")
    if any(network.prefixlen == 0 for network in settings.helpdesk.networks):
        text = "helpdesk.networks has everybody's addresses: strangers can try agents' passwords"
        yield warn(SUBJECT, text, "name the networks of the agents only")
    if not _factors(settings):
        hint = (
            "set people.private_mail and notifications.spool, or people.phone and second_factor.sms_gateway_url, or "
            "recovery.methods"
        )
        yield fail(SUBJECT, "no code can be sent to an agent, so nobody can sign in", hint)
    if not settings.notifications.spool:
        text = "without notifications.spool nobody is told what an agent did with the account"
        yield warn(SUBJECT, text, "set notifications.spool")


def _factors(settings: Settings) -> list[str]:
    """Return what an agent can show after the password; nothing means that nobody can sign in."""
    people, taken, added = settings.people, settings.helpdesk.second_factor, settings.recovery.methods
    by_mail = bool(people.private_mail and settings.notifications.spool)
    by_phone = bool(people.phone and settings.second_factor.sms_gateway_url)
    has_code = by_mail or by_phone or any(method != "passkey" for method in added)
    return [
        *(["a passkey"] if "passkey" in taken and "passkey" in added else []),
        *(["a code"] if "code" in taken and has_code else []),
    ]
