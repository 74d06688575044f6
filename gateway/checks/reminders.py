"""Check of `mamia remind`: that its account gets in, and has the declared rights."""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.checks.declared_rights import DeclaredRights, named, rights_of
from gateway.checks.finding import Finding, fail, ok
from gateway.checks.process_role import can_read
from gateway.checks.refused_bind import is_refused, refused_bind
from gateway.checks.rights import excess_reads, hint_for, somebody
from gateway.directory.connection import connect
from gateway.directory.context_csn import suffix_of
from gateway.ldap import close
from gateway.needs import Account, needs_of
from gateway.needs.accounts import account_dns
from gateway.settings import Settings
from gateway.settings.service_accounts import reminding_directory

SUBJECT = "reminders"
FILES = "72-reminders-account.ldif and 49-reminders.ldif of ldif/"


def check_reminders(settings: Settings) -> Iterator[Finding]:
    """Yield the findings about the account of the reminders, where its password can be read."""
    if not settings.reminders.is_on or not can_read(settings.reminders.bind_password_file):
        return
    directory = reminding_directory(settings)
    url = directory.servers[0]
    try:
        connection = connect(url, directory, as_service=True)
    except (DirectoryUnavailable, LDAPException, OSError) as error:
        refused = is_refused(str(error))
        yield refused_bind(directory, url, SUBJECT, str(error)) if refused else fail(SUBJECT, str(error), FILES)
        return
    try:
        yield check_reminders_rights(settings, connection)
    except (LDAPException, OSError) as error:
        yield fail(SUBJECT, f"it stopped answering: {type(error).__name__}", "look at slapd's log")
    finally:
        close(connection)


def check_reminders_rights(settings: Settings, connection: Connection) -> Finding:
    """Return the finding about missing and excess rights, over a connection that is bound as the account."""
    who, accounts = str(settings.reminders.bind_dn), tuple(account_dns(settings).values())
    wanted = rights_of(Account.REMINDERS, needs_of(settings).rights)
    dn = somebody(settings, connection)
    if not dn:
        return fail(SUBJECT, f"{who} finds nobody below {settings.people.base}", hint_for(wanted))
    tested = DeclaredRights(settings, connection, who, accounts, suffix_of(connection, settings.people.base))
    if lacking := list(tested.lacking(wanted)):
        return fail(SUBJECT, f"{who} may not {named(lacking)}", hint_for(lacking))
    if excess := list(excess_reads(settings, connection, dn)):
        return fail(SUBJECT, f"{who} may {', '.join(excess)}: whoever steals it could", hint_for(wanted))
    return ok(SUBJECT, "the account can see when passwords end, and record reminders")
