"""Who has a newer password in the directory than at the workstation, as the worker's account sees it."""

from __future__ import annotations

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
    if not settings.workstation.targets:
        return
    try:
        directory = workers_directory(settings)
    except SettingsError:
        yield ok(
            CHECKED, "the worker's password is not here, or not this user's to read; root can look on its machine"
        )
        return
    with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
        try:
            yield _behind(settings, LdapOutbox(pool, settings.people))
        except (DirectoryUnavailable, DirectoryMisconfigured) as error:
            yield fail(CHECKED, str(error), "workstation.bind_dn, bind_password_file; 30-access.ldif of ldif/")


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
    text = f"older than the directory's for {len(behind)} people, who changed theirs past the gateway: {names}"
    return warn(CHECKED, text, "they change it once more on the page; mamia capture brings such changes too")
