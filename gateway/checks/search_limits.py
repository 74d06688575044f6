"""Checks whether the directory limits how many entries a service account finds in one search (olcLimits)."""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection
from ldap3.core.results import (
    RESULT_ADMIN_LIMIT_EXCEEDED,
    RESULT_SIZE_LIMIT_EXCEEDED,
    RESULT_TIME_LIMIT_EXCEEDED,
)

from gateway.checks.finding import Finding, ok, warn
from gateway.ldap import is_success, try_search
from gateway.needs.server import MAX_FOUND, MAX_UNPAGED
from gateway.settings import Settings

TOO_FEW = (RESULT_SIZE_LIMIT_EXCEEDED, RESULT_ADMIN_LIMIT_EXCEEDED, RESULT_TIME_LIMIT_EXCEEDED)
LIMITS = (
    "the olcLimits of 30-access.ldif of ldif/, or of upgrade/30-access.ldif, before others that name the account; "
    "if they are there, restart slapd"
)


def check_gateways_limits(settings: Settings, url: str, connection: Connection) -> Finding:
    """Check the gateway's account. In a directory with few people only the limit on pages can be tested."""
    subject, who = f"{url}: search limits", settings.directory.bind_dn
    excess = [*_excess(settings, connection, MAX_FOUND)]
    if is_success(try_search(connection, settings.people.base, settings.people.filter, ["1.1"], paged_size=1).result):
        excess.append("people page by page")
    if excess:
        return warn(subject, f"{who} finds {' and '.join(excess)}: whoever steals its password could", LIMITS)
    found = try_search(connection, settings.people.base, settings.people.filter, ["1.1"])
    if found.code in TOO_FEW and len(found.answers) < MAX_FOUND:
        text = (
            f"a search finds only {len(found.answers)} people ({found.result['description']}), and Find needs up to "
        )
        sizes = f"size.soft={MAX_FOUND} size.hard={MAX_FOUND}"
        hint = f'olcLimits: dn.exact="{who}" {sizes} …, as in {LIMITS}'
        return warn(subject, f"{text}{MAX_FOUND}", hint)
    return ok(subject, f"one search finds {MAX_FOUND} people at most, and none goes on page by page")


def check_workers_limits(settings: Settings, connection: Connection) -> Finding:
    """Check the worker's account, which reads the outbox page by page."""
    subject = "search limits of the worker"
    if excess := [*_excess(settings, connection, MAX_UNPAGED)]:
        return warn(subject, f"{settings.workstation.bind_dn} finds {excess[0]} by one search", LIMITS)
    return ok(subject, f"a search without pages finds {MAX_UNPAGED} people at most")


def _excess(settings: Settings, connection: Connection, max_entries: int) -> Iterator[str]:
    people = settings.people
    found = try_search(connection, people.base, people.filter, ["1.1"], size_limit=max_entries + 1)
    if len(found.answers) > max_entries:
        yield f"more than {max_entries} people"
