"""Checks of what the gateway's account may do and must not, on a real entry without changing it."""

from __future__ import annotations

import secrets
from collections.abc import Container, Iterator, Sequence

from ldap3 import BASE, Connection

from gateway.checks.declared_rights import DeclaredRights, is_only_for, may_write, named, rights_of
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory.context_csn import suffix_of
from gateway.ldap import ANYTHING, try_search
from gateway.needs import Account, Part, Right, attributes, needs_of
from gateway.needs.accounts import account_dns
from gateway.settings import Settings

FILE = "30-access.ldif of ldif/ (upgrade/30-access.ldif and upgrade/schema.ldif where those of 0.1.0 are loaded)"
REMINDERS_FILE, CHARTER_FILE = "49-reminders.ldif of ldif/", "41-charter.ldif of ldif/"
RECOVERY_FILE, CLASS_FILE = "48-recovery.ldif of ldif/", "42-recoverable.ldif of ldif/"
NT_FILES = {Account.GATEWAY: "35-workstation-nt.ldif of ldif/", Account.LISTENER: "94-capture-nt.ldif of ldif/"}
LISTENERS_FILE = "93-capture.ldif of ldif/"
CODES_FILE = "schema/mamia-recovery.ldif and 44-helpdesk.ldif of ldif/"
ORDER = "the rules must be before the directory's own"
WITHOUT_CLASS = "mamia setup adds the class to people"
RULES = f"mamia setup shows and adds the rules; by hand: {FILE}; {ORDER}"
FORBIDDEN_TO_READ = ("userPassword", "pwdHistory", "mamiaPendingSecret", "mamiaSyncLease", attributes.RESET_CODE)
NO_CLASS = "dcObject"
"""An object class that every schema has and no person."""
CLASS, STAMP = "mamiaPerson", "mamiaPasswordStamp"
"""Names in the schema of ldif/."""
FORBIDDEN_TO_WRITE = ("objectClass", "cn", "description", "telephoneNumber", "mamiaSyncLease")


def check_rights(
    settings: Settings, url: str, connection: Connection, unknown: Container[str] = ()
) -> Iterator[Finding]:
    """Yield findings about missing and excess rights of the gateway's account at the server `url`.

    `unknown` are attributes that the server does not know, which another check reports.
    """
    subject = f"{url}: rights"
    dn = somebody(settings, connection)
    if not dn:
        text = f"nobody is found below {settings.people.base} with {settings.people.filter}"
        yield fail(subject, text, "people.base and people.filter, or the right to search there (30-access.ldif)")
        return
    who = settings.directory.bind_dn
    rights = rights_of(Account.GATEWAY, needs_of(settings).rights)
    lacking = [*_tested(settings, connection).lacking(right.without(unknown) for right in rights)]
    if lacking and is_only_for(lacking, {Part.CHECK}):
        yield warn(subject, f"{who} may not {named(lacking)}", hint_for(lacking))
    elif lacking:
        yield fail(subject, f"{who} may not {named(lacking)}", hint_for(lacking))
    if without_class := _without_stamp(settings, connection):
        text = f"{who} may not write {STAMP} of {without_class}, which has no {CLASS} (people.password_stamp)"
        yield fail(subject, text, f'{WITHOUT_CLASS}, or people.password_stamp = ""')
    elif not lacking:
        yield ok(subject, "searches, comparisons and writes that are needed are allowed")
    excess = [*excess_reads(settings, connection, dn), *_excess_writes(settings, connection, dn)]
    excess += _writes_outside_people(settings, connection)
    if excess:
        yield fail(subject, f"{who} may {', '.join(excess)}: whoever steals it could", RULES)
    else:
        yield ok(subject, "no number, password or sealed secret can be read, and nothing else written")


def _tested(settings: Settings, connection: Connection) -> DeclaredRights:
    accounts = tuple(account_dns(settings).values())
    suffix = suffix_of(connection, settings.people.base)
    return DeclaredRights(settings, connection, settings.directory.bind_dn, accounts, suffix)


def hint_for(lacking: Sequence[Right]) -> str:
    """Return which files of ldif/ give these rights."""
    files = dict.fromkeys(_file_of(right) for right in lacking)
    return f"mamia setup shows and adds the rules that are missing; by hand: {', '.join(files)}; {ORDER}"


def _file_of(right: Right) -> str:
    if Part.SAMBA_NT in right.parts:
        return NT_FILES[right.account]
    if right.account is Account.LISTENER:
        return LISTENERS_FILE
    if right.account is Account.REMINDERS:
        return REMINDERS_FILE
    if right.account is Account.HELPDESK or Part.RESET_CODE in right.parts:
        return CODES_FILE
    if right.values == (attributes.RECOVERABLE,):
        return CLASS_FILE
    if Part.CHARTER in right.parts:
        return CHARTER_FILE
    if Part.RECOVERY in right.parts:
        return RECOVERY_FILE
    return FILE


def _without_stamp(settings: Settings, connection: Connection) -> str:
    """Return the DN of somebody whose entry cannot hold the stamp; "" if there is none."""
    if settings.people.password_stamp != STAMP:
        return ""
    return somebody(settings, connection, f"(!(objectClass={CLASS}))")


def somebody(settings: Settings, connection: Connection, condition: str = "") -> str:
    """Return the DN of one of the people whom the filter `condition` matches; "" if there is none."""
    people = settings.people
    filter_ = f"(&{people.filter}{condition})"
    return next(iter(try_search(connection, people.base, filter_, ["1.1"], size_limit=1).dns), "")


def excess_reads(settings: Settings, connection: Connection, dn: str) -> Iterator[str]:
    """Yield the secret attributes of `dn` that the account may read, and those that it may search by."""
    secret = [*FORBIDDEN_TO_READ, *(proof.attribute for proof in settings.people.proofs.values())]
    # A code can be searched by, for the condition of a write, and its value is no guess.
    searched = [name for name in secret if name != attributes.RESET_CODE]
    for answer in try_search(connection, dn, ANYTHING, secret, BASE).answers:
        yield from (f"read {name}" for name, values in answer["raw_attributes"].items() if values)
    for attribute in searched:
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
