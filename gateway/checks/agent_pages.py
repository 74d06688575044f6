"""Check of the helpdesk's pages: agents can reach them, be sent a code, and everybody is told what they do."""

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
        yield ok(SUBJECT, f"agents sign in from {networks} with a code")


def _problems(settings: Settings) -> Iterator[Finding]:
    people, mails = settings.people, settings.notifications
    if not settings.helpdesk.networks:
        text = "helpdesk.networks is empty: the pages exist for nobody"
        yield fail(SUBJECT, text, "name the networks of the agents, such as 10.20.0.0/16")
    if any(network.prefixlen == 0 for network in settings.helpdesk.networks):
        text = "helpdesk.networks has everybody's addresses: strangers can try agents' passwords"
        yield warn(SUBJECT, text, "name the networks of the agents only")
    by_mail = bool(people.private_mail and mails.spool)
    by_phone = bool(people.phone and settings.second_factor.sms_gateway_url)
    if not (by_mail or by_phone):
        hint = "set people.private_mail and notifications.spool, or people.phone and second_factor.sms_gateway_url"
        yield fail(SUBJECT, "no code can be sent to an agent, so nobody can sign in", hint)
    if not mails.spool:
        text = "without notifications.spool nobody is told what an agent did with the account"
        yield warn(SUBJECT, text, "set notifications.spool")
