"""Who has a newer password in the directory than at the workstation, as the worker's account sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import islice

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory.failover import LdapServers
from gateway.directory.outbox import LdapOutbox
from gateway.directory.pool import ConnectionPool
from gateway.directory.ppolicy import CHANGED_AT
from gateway.settings import Settings
from gateway.settings.accounts import workers_directory
from gateway.settings.file import SettingsError

CHECKED = "passwords at the workstations"
NAMED = 5


def check_outbox(settings: Settings) -> Iterator[Finding]:
    """Where the worker's password may be read here."""
    workstation = settings.workstation
    if not workstation.targets:
        return
    if workstation.bind_dn is None or workstation.bind_password_file is None:
        yield _nameless(settings)
    elif not holds_workers_password(settings):
        yield ok(CHECKED, "not looked at: the worker's password is not here, or not this user's to read")
    else:
        yield _looked_at(settings)


def holds_workers_password(settings: Settings) -> bool:
    """Whether this is the worker's machine, and its user or root asks."""
    file = settings.workstation.bind_password_file
    return file is not None and os.access(file, os.R_OK)


def _nameless(settings: Settings) -> Finding:
    keys = "workstation.bind_dn, bind_password_file"
    if all(target.type == "samba_nt" for target in settings.workstation.targets.values()):
        return ok(CHECKED, f"not looked at: no account for it is named ({keys}), and no worker needed")
    return fail(CHECKED, "no account for the worker is named: nothing is brought", keys)


def _looked_at(settings: Settings) -> Finding:
    try:
        directory = workers_directory(settings)
        with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
            return _behind(settings, LdapOutbox(pool, settings.people))
    except SettingsError as error:
        return fail(CHECKED, error.faults[0].message, error.faults[0].key)
    except (DirectoryUnavailable, DirectoryMisconfigured) as error:
        return fail(CHECKED, str(error), "workstation.bind_dn, bind_password_file; 30-access.ldif of ldif/")


def _behind(settings: Settings, outbox: LdapOutbox) -> Finding:
    known = list(outbox.known())
    if known and all(item.changed_at is None for item in known):
        text = (
            f"{settings.workstation.bind_dn} may not read {CHANGED_AT}: nobody sees who changed it past the gateway"
        )
        return warn(CHECKED, text, "30-access.ldif of ldif/")
    behind = [item.login for item in known if item.is_behind]
    if not behind:
        return ok(CHECKED, "the directory has no newer ones")
    names = ", ".join(islice(behind, NAMED)) + (" …" if len(behind) > NAMED else "")
    text = f"{len(behind)} older than the directory's, which was changed past the gateway: {names}"
    return warn(CHECKED, text, "they change it once more on the page; mamia capture brings such changes too")
