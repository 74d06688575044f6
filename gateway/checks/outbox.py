"""Check for people whose password is newer in the directory than at the workstation, as the worker's account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice

from ldap3 import Connection

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.checks.certificates import refused_by_directory
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_role import is_workers
from gateway.checks.refused_bind import is_refused, refused_bind
from gateway.checks.restored import check_restored
from gateway.checks.search_limits import check_workers_limits
from gateway.checks.worker_rights import check_worker_rights
from gateway.directory.context_csn import suffix_of
from gateway.directory.failover import LdapServers
from gateway.directory.outbox import SECRET, WAITING, LdapOutbox
from gateway.directory.pool import ConnectionPool
from gateway.directory.ppolicy import CHANGED_AT
from gateway.directory.protected import are_decidable
from gateway.settings import Settings
from gateway.settings.loader import SettingsError
from gateway.settings.service_accounts import workers_directory
from gateway.workstation.ports import Waiting

CHECKED = "passwords at the workstations"
NAMED = 5


def check_outbox(settings: Settings) -> Iterator[Finding]:
    """Yield findings about the outbox, if the worker's password can be read here."""
    if not settings.workstation.targets:
        return
    if is_workers(settings):
        yield from _looked_at(settings)
    else:
        yield ok(CHECKED, "not checked: the worker's password is not on this machine, or this user cannot read it")


def _looked_at(settings: Settings) -> Iterator[Finding]:
    try:
        directory = workers_directory(settings)
        with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
            outbox = LdapOutbox(pool, settings.people)
            known = list(outbox.all_entries())
            yield _behind(settings, known)
            moved = outbox.moved_out()
            yield pool.run_idempotent(lambda connection: _moved_out(settings, connection, moved))
            yield pool.run_idempotent(lambda connection: check_worker_rights(settings, connection))
            yield pool.run_idempotent(lambda connection: check_workers_limits(settings, connection))
            yield from pool.run_idempotent(lambda connection: list(check_restored(settings, connection, known)))
    except SettingsError as error:
        yield fail(CHECKED, error.problems[0].message, error.problems[0].key)
    except (DirectoryUnavailable, DirectoryMisconfigured) as error:
        if is_refused(str(error)):
            yield refused_bind(directory, directory.servers[0], CHECKED, str(error))
            return
        yield refused_by_directory(CHECKED, directory, directory.servers, str(error)) or fail(
            CHECKED, str(error), "workstation.bind_dn, bind_password_file; 30-access.ldif of ldif/"
        )


def _moved_out(settings: Settings, connection: Connection, moved: Sequence[Waiting]) -> Finding:
    subject, who = "passwords that wait elsewhere", settings.workstation.bind_dn
    top = suffix_of(connection, settings.people.base)
    if not top or not are_decidable(connection, top, [WAITING]):
        text = f"{who} may not search by {SECRET} outside {settings.people.base}: moved entries are not seen"
        return warn(subject, text, "30-access.ldif of ldif/, or its upgrade")
    if not moved:
        return ok(subject, f"none in entries that were moved out of {settings.people.base}")
    names = "; ".join(item.dn for item in islice(moved, NAMED)) + (" …" if len(moved) > NAMED else "")
    text = f"{len(moved)} in entries moved out of {settings.people.base}, where nothing is delivered: {names}"
    return warn(subject, text, "move them back, or mamia sync forget LOGIN")


def _behind(settings: Settings, known: Sequence[Waiting]) -> Finding:
    if known and all(item.changed_at is None for item in known):
        text = f"{settings.workstation.bind_dn} may not read {CHANGED_AT}: changes by other programs are not seen"
        return warn(CHECKED, text, "30-access.ldif of ldif/")
    behind = [item.login for item in known if item.is_stale]
    if not behind:
        return ok(CHECKED, "the directory has no newer ones")
    names = ", ".join(islice(behind, NAMED)) + (" …" if len(behind) > NAMED else "")
    text = f"{len(behind)} older than the directory's, which another program changed: {names}"
    return warn(CHECKED, text, "ask them to change it once more on the page; mamia capture delivers such changes too")
