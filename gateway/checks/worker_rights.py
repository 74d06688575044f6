"""Check of the worker's declared rights, over a connection that is bound as its account."""

from __future__ import annotations

from ldap3 import Connection

from gateway.checks.declared_rights import DeclaredRights, named, rights_of
from gateway.checks.finding import Finding, fail, ok
from gateway.checks.rights import hint_for, somebody
from gateway.directory.context_csn import suffix_of
from gateway.needs import Account, needs_of
from gateway.needs.accounts import account_dns
from gateway.settings import Settings

CHECKED = "rights of the worker"


def check_worker_rights(settings: Settings, connection: Connection) -> Finding:
    """Return the finding about missing rights of the worker's account."""
    who, accounts = str(settings.workstation.bind_dn), tuple(account_dns(settings).values())
    tested = DeclaredRights(settings, connection, who, accounts, suffix_of(connection, settings.people.base))
    if not tested.person():
        if somebody(settings, connection):
            text = f"not tried: {who} cannot see who of {settings.people.base} is not protected"
            return fail(CHECKED, text, "the finding about protected people says why")
        text = f"{who} finds nobody below {settings.people.base} with {settings.people.filter}"
        return fail(CHECKED, text, hint_for(rights_of(Account.WORKER, needs_of(settings).rights)))
    lacking = list(tested.lacking(rights_of(Account.WORKER, needs_of(settings).rights)))
    if lacking:
        hint = hint_for(lacking)
        return fail(CHECKED, f"{who} may not {named(lacking)}", f"{hint}; the attributes of your filters too")
    return ok(CHECKED, "the worker can see who has a workstation, and whose account is locked, and record deliveries")
