"""Check of the helpdesk's account: it signs in, and has the declared rights and no others."""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection

from gateway.checks.account import at_each_server
from gateway.checks.declared_rights import DeclaredRights, exists, may_write, named, rights_of
from gateway.checks.finding import Finding, fail, ok
from gateway.checks.rights import FORBIDDEN_TO_WRITE, NO_CLASS, excess_reads, hint_for, somebody
from gateway.directory.context_csn import suffix_of
from gateway.needs import Account, attributes, needs_of
from gateway.needs.accounts import account_dns
from gateway.settings import Settings
from gateway.settings.service_accounts import helpdesks_directory

CHECKED = "rights of the helpdesk"
FILE = "44-helpdesk.ldif of ldif/"
WRONG_VALUE = "x"


def check_helpdesk(settings: Settings) -> Iterator[Finding]:
    """Yield findings as the helpdesk's account, if the settings name it."""
    directory = helpdesks_directory(settings)
    if directory is None:
        return
    yield from at_each_server(
        directory, CHECKED, lambda url, connection: check_helpdesk_rights(settings, url, connection)
    )


def check_helpdesk_rights(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings about missing and excess rights, over a connection that is bound as the helpdesk's account."""
    subject, who = f"{url}: {CHECKED}", str(settings.helpdesk.bind_dn)
    dn = somebody(settings, connection)
    if not dn:
        yield fail(subject, f"{who} finds nobody", f"the rules on attrs=entry,objectClass of {FILE}")
        return
    accounts, suffix = tuple(account_dns(settings).values()), suffix_of(connection, settings.people.base)
    tested = DeclaredRights(settings, connection, who, accounts, suffix)
    if missing := _missing_group(settings, connection):
        text = f"helpdesk.agents_group {missing} does not exist, or {who} may not see it: nobody is an agent"
        yield fail(subject, text, f"add the group, or the rules on ou=groups of {FILE}")
    lacking = list(tested.lacking(rights_of(Account.HELPDESK, needs_of(settings).rights)))
    if lacking:
        yield fail(subject, f"{who} may not {named(lacking)}", hint_for(lacking))
    excess = [*excess_reads(settings, connection, dn), *_excess_writes(settings, connection, dn)]
    if excess:
        yield fail(subject, f"{who} may {', '.join(excess)}: whoever steals it could", FILE)
    if not (missing or lacking or excess):
        yield ok(subject, "the account reads no code and no proof, and writes nothing but what is declared")


def _missing_group(settings: Settings, connection: Connection) -> str:
    group = settings.helpdesk.agents_group or ""
    return "" if not group or exists(connection, group) else group


def _excess_writes(settings: Settings, connection: Connection, dn: str) -> Iterator[str]:
    others = (settings.people.login, settings.people.mail, attributes.PASSWORD, *FORBIDDEN_TO_WRITE)
    for name in dict.fromkeys(others):
        if may_write(connection, dn, name, NO_CLASS if name == attributes.CLASS else WRONG_VALUE):
            yield f"write {name}"
