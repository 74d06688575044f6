"""Check for people with a workstation whose entry lacks the object classes of a target in the same directory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ldap3 import Connection
from ldap3.core.results import RESULT_SIZE_LIMIT_EXCEEDED

from gateway.checks.account import at_each_server
from gateway.checks.finding import Finding, ok, warn
from gateway.ldap import try_search
from gateway.settings import Settings
from gateway.targets import inline_targets


def check_inline_targets(settings: Settings) -> Iterator[Finding]:
    """Yield a finding per inline target and server, as the gateway's account, whose search limit bounds the count."""
    for target in inline_targets(settings.workstation):
        where = f"workstation.targets.{target.name}"
        missing = "".join(f"(!(objectClass={name}))" for name in sorted(target.object_classes))
        wanted = f"(&{settings.people.filter}{settings.workstation.filter}(|{missing}))"
        needed = " and ".join(sorted(target.object_classes))
        check = partial(_count, where, settings.people.base, wanted, needed)
        yield from at_each_server(settings.directory, where, check)


def _count(where: str, base: str, wanted: str, needed: str, url: str, connection: Connection) -> Iterator[Finding]:
    subject = f"{url}: {where}"
    found = try_search(connection, base, wanted, ["1.1"])
    count = len(found.answers)
    if not count:
        yield ok(subject, f"everybody with a workstation has {needed}")
        return
    more = " or more" if found.code == RESULT_SIZE_LIMIT_EXCEEDED else ""
    text = f"people of workstation.filter without an account there: {count}{more}; their passwords do not reach it"
    classes = "".join(f"(objectClass={name})" for name in needed.split(" and "))
    them = f"{needed} and its attributes for them (found by {wanted})"
    hint = f"{them}, or a workstation.filter that also asks for {classes}"
    yield warn(subject, text, hint)
