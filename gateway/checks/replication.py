"""Checks that the directory servers have the same changes, and that their clock agrees with ours."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.checks.finding import Finding, ok, warn
from gateway.directory.connection import connect
from gateway.directory.context_csn import has_caught_up, newest_csn_time, read_csns
from gateway.ldap import close
from gateway.settings import Settings

MAX_LAG_SECONDS = 5.0
MAX_SKEW_SECONDS = 5
LOOK_SECONDS = 0.1


def check_replication(settings: Settings, held: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """Yield findings about replication and clock.

    `held`: URL of each server that answered → its change numbers, empty if they cannot be read.
    """
    known = {url: numbers for url, numbers in held.items() if numbers}
    if newest := max(filter(None, map(newest_csn_time, known.values())), default=None):
        yield _clock(newest)
    if len(held) < 2:
        return
    if blind := [url for url in held if url not in known]:
        hint = "syncprov on each server, and the rule on contextCSN of ldif/30-access.ldif"
        yield warn("replication", f"the change numbers of {', '.join(blind)} can't be read", hint)
        return
    for url in known:
        yield _follows(settings, url, _newest_of_each(known))


def _clock(newest: datetime) -> Finding:
    ahead = (newest - datetime.now(UTC)).total_seconds()
    if ahead > MAX_SKEW_SECONDS:
        return warn(
            "clock", f"the directory is {ahead:.0f} s ahead of this machine", "synchronise both with a time server"
        )
    return ok("clock", "the directory's last change is not in this machine's future")


def _newest_of_each(known: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    newest: dict[str, str] = {}
    for numbers in known.values():
        for server, number in numbers.items():
            newest[server] = max(number, newest.get(server, ""))
    return newest


def _follows(settings: Settings, url: str, wanted: Mapping[str, str]) -> Finding:
    """Measure how long the server takes to receive what its peers had at the beginning."""
    subject, started = f"{url}: replication", time.monotonic()
    with suppress(LDAPException, OSError, DirectoryUnavailable):
        connection = connect(url, settings.directory, as_service=True)
        try:
            while not (up_to_date := has_caught_up(read_csns(connection), wanted)):
                if time.monotonic() - started > MAX_LAG_SECONDS:
                    break
                time.sleep(LOOK_SECONDS)
        finally:
            close(connection)
        if up_to_date:
            return ok(subject, f"it holds every change of the others, after {time.monotonic() - started:.1f} s")
    text = f"after {MAX_LAG_SECONDS:.0f} s it still lacks changes that another server holds"
    return warn(subject, text, "look at syncrepl in its log: can it reach the other, with which account?")
