"""Who has a newer password in the directory than at the workstation, as the worker's account sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.checks.certificates import refused_by_directory
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.here import is_workers
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
    if not settings.workstation.targets:
        return
    if is_workers(settings):
        yield _looked_at(settings)
    else:
        yield ok(CHECKED, "not looked at: the worker's password is not here, or not this user's to read")


def _looked_at(settings: Settings) -> Finding:
    try:
        directory = workers_directory(settings)
        with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
            return _behind(settings, LdapOutbox(pool, settings.people))
    except SettingsError as error:
        return fail(CHECKED, error.faults[0].message, error.faults[0].key)
    except (DirectoryUnavailable, DirectoryMisconfigured) as error:
        return refused_by_directory(CHECKED, directory, directory.servers, str(error)) or fail(
            CHECKED, str(error), "workstation.bind_dn, bind_password_file; 30-access.ldif of ldif/"
        )


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
