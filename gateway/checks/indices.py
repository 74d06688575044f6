"""Checks that slapd has an index for each search that is sent, in a small directory too."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

from ldap3 import Connection

from gateway.checks.finding import Finding, ok, warn
from gateway.directory.configuration import Configuration
from gateway.ldap import try_search
from gateway.needs import needs_of
from gateway.settings import Settings

SLOW_SEARCH_SECONDS = 0.05
SEARCH_TRIES = 3
BUILD = "slapd builds them while it runs; with slapd stopped: slapindex as slapd's user"


def check_indices(
    settings: Settings, url: str, connection: Connection, configuration: Configuration | None
) -> Finding:
    """Check olcDbIndex where it can be read, and in any case how long searches for nobody take."""
    subject = f"{url}: indices"
    if configuration and (missing := [*_missing(settings, configuration)]):
        values = "; ".join(f"olcDbIndex: {value}" for value in missing)
        text = f"{len(missing)} missing, so that slapd reads every entry for a search: {', '.join(missing)}"
        return warn(subject, text, f"add to {configuration.database}: {values} (20-indices.ldif of ldif/); {BUILD}")
    slowest = max(_search_seconds(connection, settings.people.base, filter_) for filter_ in _filters(settings))
    if slowest > SLOW_SEARCH_SECONDS:
        text = f"a search for nobody takes {1000 * slowest:.0f} ms"
        hint = "20-indices.ldif of ldif/, then slapindex or wait until slapd has built them"
        return warn(subject, text, hint)
    return ok(subject, f"searches for nobody take {1000 * slowest:.1f} ms at most")


def _missing(settings: Settings, configuration: Configuration) -> Iterator[str]:
    """Yield values of olcDbIndex that are missing."""
    for index in needs_of(settings).indices:
        wanted = frozenset(index.kinds.replace(" ", "").split(","))
        if lacks := wanted - configuration.indices.get(index.attribute.lower(), frozenset()):
            yield f"{index.attribute} {','.join(sorted(lacks, reverse=True))}"


def _filters(settings: Settings) -> Iterator[str]:
    people, nobody = settings.people, secrets.token_hex(8)
    yield f"({people.login}={nobody})"
    yield f"(&({people.surname}={nobody})({people.given_name}={nobody}))"
    if people.mail_as_login:
        yield f"({people.mail}={nobody})"
    if settings.workstation.targets:
        yield "(&(mamiaPendingSecret=*)(objectClass=mamiaNobody))"


def _search_seconds(connection: Connection, base: str, filter_: str) -> float:
    """Return the time in seconds of the first fast search of several.

    So a busy moment is not reported as a missing index.
    """
    taken = 0.0
    for _ in range(SEARCH_TRIES):
        started = time.perf_counter()
        try_search(connection, base, filter_, ["1.1"])
        taken = time.perf_counter() - started
        if taken <= SLOW_SEARCH_SECONDS:
            break
    return taken
