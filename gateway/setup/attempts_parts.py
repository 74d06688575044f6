"""Tries the answers about the optional parts: who is an agent, from where, and which addresses answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from urllib.parse import urlsplit

from gateway.checks.agent_pages import check_agent_pages
from gateway.checks.charter import check_charter
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.http_services import check_receiver
from gateway.checks.recovery import check_recovery
from gateway.ldap import Entry, is_below, normal_dn
from gateway.needs.attributes import MEMBERS
from gateway.settings import Settings
from gateway.setup.layout import naming_of
from gateway.setup.parts import chosen_parts
from gateway.setup.session import Session

Network = IPv4Network | IPv6Network
GROUP, FILTER, NETWORKS = "helpdesk.agents_group", "helpdesk.agents_filter", "helpdesk.networks"
GROUPS = frozenset(("groupofnames", "groupofuniquenames", "posixgroup", "groupofmembers"))
"""Object classes of groups, in lower case."""


def try_agents_group(session: Session) -> Iterator[Finding]:
    """Read the group of the agents; one that is missing is fine where setup proposes it, and makes it."""
    dn = session.answers.get(GROUP)
    if not dn or session.find is None:
        return
    entry = session.find(dn)
    if entry is None:
        yield _missing_group(dn, session)
    elif not GROUPS & {name.lower() for name in entry.all("objectClass")}:
        yield fail(GROUP, f"{dn} is no group", "name a groupOfNames, groupOfUniqueNames or posixGroup")
    else:
        count = len(_members(entry, session))
        text = f"{dn} has {count} members"
        yield ok(GROUP, text) if count else warn(GROUP, f"{text}: nobody is an agent yet", "add the agents to it")


def _members(entry: Entry, session: Session) -> list[str]:
    """Return the members, without the decoy, which setup puts into a group that must not be empty."""
    decoy = normal_dn(str(session.answers.get("directory.decoy_dn", "")))
    found = [value for name in MEMBERS for value in entry.all(name)]
    return [value for value in found if "=" not in value or (normal_dn(value) != decoy and value != entry.dn)]


def _missing_group(dn: str, session: Session) -> Finding:
    text = f"{dn} does not exist"
    if not is_below(dn, session.suffix) or naming_of(dn) != "cn":
        hint = f"name a group below {session.suffix}, or add this one first"
        return fail(GROUP, f"{text}, and setup cannot make it", hint)
    # One that an earlier run wrote into mamia.toml waits for the directory to be changed.
    if normal_dn(dn) in (normal_dn(str(one.get(GROUP, ""))) for one in (session.proposals, session.standing)):
        return warn(GROUP, f"{text}: setup makes it", "add the agents to it afterwards")
    return fail(GROUP, text, "correct it; if you keep it, setup makes this group, and you add the agents to it")


def try_agents_filter(session: Session) -> Iterator[Finding]:
    """Count the people whom the filter of the agents names."""
    settings, own = session.answers.draft(), session.answers.get(FILTER)
    if settings is None or not own:
        return
    people = session.staff_filter(settings.people.filter)
    found = session.count(settings.people.base, f"(&{people}{own})")
    if found and found == session.count(settings.people.base, people):
        text = f"{found} people are agents by {own}: that is everybody, and each of them could give codes"
        yield warn(FILTER, text, "name what only agents have")
    elif found:
        yield ok(FILTER, f"{found} people are agents by {own}")
    elif found == 0:
        yield warn(FILTER, f"nobody is an agent by {own}", "correct the filter, or give people what it asks for")


def try_networks(session: Session) -> Iterator[Finding]:
    """Say what is wrong with networks that are empty, or everybody's."""
    settings = session.answers.draft()
    networks = settings.helpdesk.networks if settings else []
    if not networks:
        yield fail(NETWORKS, "there is no network, so the pages exist for nobody", "name the agents' networks")
    elif any(network.prefixlen == 0 for network in collapsed(networks)):
        text = "everybody's addresses are among them: strangers can try agents' passwords"
        yield fail(NETWORKS, text, "name the agents' networks only")


def collapsed(networks: Sequence[Network]) -> list[Network]:
    """Return the networks, those that are side by side as one."""
    four = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    six = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
    return [*four, *six]


def try_recovery(session: Session) -> Iterator[Finding]:
    """Compare the name for which passkeys are made with the site's names."""
    for problem in session.answers.problems("recovery"):
        yield fail(problem.key, f"{problem.key} {problem.message}", "correct the address, or that setting")
    if settings := session.answers.draft():
        yield from check_recovery(settings)


def try_charter(session: Session) -> Iterator[Finding]:
    """Look the host of the text up."""
    settings = session.answers.draft()
    if settings is None:
        return
    yield from check_charter(settings)
    host = urlsplit(settings.charter.url).hostname or ""
    try:
        socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        yield warn("charter.url", f"{host} has no address that this machine knows", "correct it, if people have none")


def try_receiver(session: Session) -> Iterator[Finding]:
    """Connect to the receiver of webhooks, without an event."""
    if settings := session.answers.draft():
        yield from check_receiver(settings)


def try_parts(session: Session) -> Iterator[Finding]:
    """Try what needs the answers about several parts: can an agent show a second factor, and where are events?"""
    settings = session.answers.draft()
    if settings is None:
        return
    if "helpdesk" in chosen_parts(session):
        yield from check_agent_pages(settings)
    if "events" in chosen_parts(session):
        yield from _where_events_are(settings)


def _where_events_are(settings: Settings) -> Iterator[Finding]:
    if settings.rate_limits.store.startswith("memory:"):
        text = "events are kept in this process's memory: a restart loses them"
        yield warn("events", text, "rate_limits.store: a redis:// URL")
