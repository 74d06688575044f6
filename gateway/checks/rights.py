"""Checks of what the gateway's account may do and must not, on a real entry without changing it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from ldap3 import BASE, MODIFY_DELETE, Connection
from ldap3.core.results import (
    RESULT_COMPARE_FALSE,
    RESULT_COMPARE_TRUE,
    RESULT_NO_SUCH_ATTRIBUTE,
)

from gateway.checks.finding import Finding, fail, ok
from gateway.directory.ppolicy import CHANGED_AT, ENDS_AT, LAST_SUCCESS, LOCKED_AT, LOCKED_UNTIL, STARTS_AT
from gateway.directory.server_time import MODIFIED_AT
from gateway.ldap import ANYTHING, compare, modify, read_entry, try_search
from gateway.settings import ResetMode, Settings

RULES = (
    "30-access.ldif of ldif/ has the rules, upgrade/30-access.ldif and upgrade/schema.ldif what a directory of 0.1.0 "
    "lacks; the rules must be before the directory's own"
)
FORBIDDEN_TO_READ = ("userPassword", "pwdHistory", "mamiaPendingSecret", "mamiaSyncLease")
NO_CLASS = "dcObject"
"""An object class that every schema has and no person."""
CLASS, STAMP = "mamiaPerson", "mamiaPasswordStamp"
"""Names in the schema of ldif/."""
FORBIDDEN_TO_WRITE = ("objectClass", "cn", "description", "telephoneNumber", "mamiaSyncLease")


def check_rights(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings about missing and excess rights at the server `url`."""
    subject = f"{url}: rights"
    dn = somebody(settings, connection)
    if not dn:
        text = f"nobody is found below {settings.people.base} with {settings.people.filter}"
        yield fail(subject, text, "people.base and people.filter, or the right to search there (30-access.ldif)")
        return
    lacks = [*_lacking_reads(settings, connection, dn), *_lacking_writes(settings, connection, dn)]
    if lacks:
        yield fail(subject, f"{settings.directory.bind_dn} may not {', '.join(lacks)}", RULES)
    else:
        yield ok(subject, "searches, comparisons and writes that are needed are allowed")
    excess = [*excess_reads(settings, connection, dn), *_excess_writes(settings, connection, dn)]
    excess += _writes_outside_people(settings, connection)
    if excess:
        yield fail(subject, f"{settings.directory.bind_dn} may {', '.join(excess)}: whoever steals it could", RULES)
    else:
        yield ok(subject, "no number, password or sealed secret can be read, and nothing else written")


def somebody(settings: Settings, connection: Connection, condition: str = "") -> str:
    """Return the DN of one of the people whom the filter `condition` matches; "" if there is none."""
    people = settings.people
    filter_ = f"(&{people.filter}{condition})"
    return next(iter(try_search(connection, people.base, filter_, ["1.1"], size_limit=1).dns), "")


def _lacking_reads(settings: Settings, connection: Connection, dn: str) -> Iterator[str]:
    people = settings.people
    wanted = [people.login, people.surname]
    entry = read_entry(connection, dn, wanted)
    yield from (f"read {name}" for name in wanted if not entry or not entry.all(name))
    state = (LOCKED_AT, CHANGED_AT, STARTS_AT, ENDS_AT, LOCKED_UNTIL, LAST_SUCCESS, MODIFIED_AT)
    for name in filter(None, (*state, people.password_stamp, people.preferred_language)):
        if not _may_decide(connection, dn, name):
            yield f"read {name}"
    if not _may_decide(connection, settings.directory.bind_dn, LAST_SUCCESS):
        yield f"read {LAST_SUCCESS} of its own entry"
    if not somebody(settings, connection, f"({people.birth_date}=*)"):
        yield f"search by {people.birth_date}"
    for proof in people.proofs.values():
        code = compare(connection, dn, proof.attribute, secrets.token_hex(8))["result"]
        if code not in (RESULT_COMPARE_FALSE, RESULT_COMPARE_TRUE, RESULT_NO_SUCH_ATTRIBUTE):
            yield f"compare {proof.attribute}"


def _may_decide(connection: Connection, dn: str, attribute: str) -> bool:
    """Return whether this account may search by the attribute.

    The filter is true for every entry then, and Undefined otherwise (RFC 4511, 4.5.1.7).
    """
    return bool(try_search(connection, dn, f"(|({attribute}=*)(!({attribute}=*)))", ["1.1"], BASE).answers)


def _lacking_writes(settings: Settings, connection: Connection, dn: str) -> Iterator[str]:
    for attribute, value in _needed_writes(settings).items():
        if not may_write(connection, dn, attribute, value):
            yield f"write {attribute}"
    if settings.people.password_stamp != STAMP:
        return
    if without_class := somebody(settings, connection, f"(!(objectClass={CLASS}))"):
        yield f"write {STAMP} of {without_class}, which has no {CLASS} (people.password_stamp)"


def _needed_writes(settings: Settings) -> dict[str, str]:
    """Return attributes, each with a value that nobody has."""
    needed = {"userPassword": secrets.token_hex(8), "pwdReset": "FALSE"}
    if settings.people.password_stamp:
        needed[settings.people.password_stamp] = secrets.token_hex(8)
    if settings.reset.mode is ResetMode.INITIAL:
        needed["pwdPolicySubentry"] = str(settings.reset.initial_policy)
    if settings.workstation.targets:
        needed |= {"mamiaPendingSecret": secrets.token_hex(8), "mamiaSyncState": secrets.token_hex(8)}
    for target in settings.workstation.targets.values():
        if target.type == "samba_nt":
            needed |= {"sambaNTPassword": secrets.token_hex(16).upper(), "sambaPwdLastSet": "1"}
    return needed


def excess_reads(settings: Settings, connection: Connection, dn: str) -> Iterator[str]:
    """Yield the secret attributes of `dn` that the account may read, and those that it may search by."""
    secret = [*FORBIDDEN_TO_READ, *(proof.attribute for proof in settings.people.proofs.values())]
    for answer in try_search(connection, dn, ANYTHING, secret, BASE).answers:
        yield from (f"read {name}" for name, values in answer["raw_attributes"].items() if values)
    for attribute in secret:
        if try_search(connection, settings.people.base, f"({attribute}=*)", ["1.1"], size_limit=1).answers:
            yield f"search by {attribute}"


def _excess_writes(settings: Settings, connection: Connection, dn: str) -> Iterator[str]:
    people = settings.people
    others = [people.login, people.surname, people.given_name, people.mail, *FORBIDDEN_TO_WRITE]
    others += [proof.attribute for proof in people.proofs.values()]
    for attribute in dict.fromkeys(others):
        if may_write(connection, dn, attribute, NO_CLASS if attribute == "objectClass" else secrets.token_hex(8)):
            yield f"write {attribute}"


def _writes_outside_people(settings: Settings, connection: Connection) -> Iterator[str]:
    """Yield writes allowed on the parent of all people, because the rules are for entries of people only."""
    for attribute in ("userPassword", "pwdReset", "mamiaPendingSecret", "mamiaSyncState"):
        if may_write(connection, settings.people.base, attribute, "TRUE"):
            yield f"write {attribute} of {settings.people.base} itself"


def may_write(connection: Connection, dn: str, attribute: str, value: str) -> bool:
    """Return whether a write is allowed, by deleting a value that does not exist, which changes nothing."""
    code = modify(connection, dn, {attribute: [(MODIFY_DELETE, [value])]})["result"]
    return bool(code == RESULT_NO_SUCH_ATTRIBUTE)
