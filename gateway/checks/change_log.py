"""Checks that nobody reads slapd's log of changes (slapo-accesslog(5)), which has the values of every write."""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection

from gateway.checks.account import at_each_server
from gateway.checks.finding import Finding, Level, fail, ok
from gateway.directory.context_csn import suffixes
from gateway.ldap import is_below, try_search
from gateway.settings import Settings

CHECKED = "log of changes"
CHANGES = "reqMod"
SEARCH_SECONDS = 5


def check_change_logs(settings: Settings) -> Iterator[Finding]:
    """Yield a finding per server and log: as an anonymous client, and as the gateway's account if that sees none.

    The gateway's account stands for everybody who can log in, because no rule should name it there.
    """
    anonymous = [*_as("anybody", settings, anonymously=True)]
    yield from anonymous
    if all(finding.level is Level.OK for finding in anonymous):
        yield from (one for one in _as("everybody who can log in", settings) if one.level is not Level.OK)


def _as(who: str, settings: Settings, *, anonymously: bool = False) -> Iterator[Finding]:
    def check(url: str, connection: Connection) -> Iterator[Finding]:
        subject = f"{url}: {CHECKED}"
        for suffix in suffixes(connection):
            if is_below(settings.people.base, suffix):
                continue
            filter_ = f"({CHANGES}=*)"
            if try_search(connection, suffix, filter_, ["1.1"], size_limit=1, time_limit=SEARCH_SECONDS).answers:
                text = (
                    f"{who} can read {suffix}, which keeps the values of every write: hashes of passwords, NUMEN, "
                    "birth dates, and passwords that wait for a workstation"
                )
                hint = (
                    f"in the database of cn=config whose olcSuffix is {suffix}, the rule olcAccess: to * by "
                    'dn.exact="the account of your replicas" read by * none in the place of its others'
                )
                yield fail(subject, text, hint)
            elif "log" in suffix.lower():
                yield ok(subject, f"{who} can't read {suffix}")

    yield from at_each_server(settings.directory, CHECKED, check, anonymously=anonymously)
