"""Checks that protected people are refused, by the gateway, by the worker, and by the directory's own access rule."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing

from ldap3 import Connection
from ldap3.core.results import RESULT_NO_SUCH_ATTRIBUTE

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.checks.declared_rights import may_write
from gateway.checks.finding import Finding, Level, fail, ok, warn
from gateway.checks.process_role import is_listeners, is_workers
from gateway.directory.failover import LdapServers
from gateway.directory.mapping import PeopleMapping
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import MEMBERSHIPS, ProtectedPeople
from gateway.ldap import compare, search
from gateway.needs.attributes import attributes_in
from gateway.settings import Directory, Settings
from gateway.settings.service_accounts import capturing_directory, workers_directory

CHECKED = "protected people"
RULE = "the rule for protected people in 30-access.ldif of ldif/: put them into its group, or name yours in it"
NOBODY_PROTECTED = "people.protected_filter or people.protected_groups: name the administrators' groups"


def check_protected(settings: Settings, login: str = "") -> Iterator[Finding]:
    """Yield findings about protected people.

    `login` is the login of a person who must be protected, for the checks that need a name.
    """
    if not (settings.people.protected_filter or settings.people.protected_groups):
        text = "nobody is: a person who knows an administrator's number and birth date can take over that account"
        yield warn(CHECKED, text, NOBODY_PROTECTED)
        return
    is_decidable = True
    for who, directory in _accounts(settings):
        with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
            finding = check_decidable(who, ProtectedPeople(pool, settings.people))
            is_decidable = is_decidable and finding.level is Level.OK
            yield finding
    if not is_decidable:
        return
    directory = settings.directory
    with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
        try:
            yield from _check_directory(settings, pool, login)
        except DirectoryUnavailable as error:
            yield fail(CHECKED, str(error), "people.protected_filter and people.protected_groups")


def check_decidable(who: str, protected: ProtectedPeople) -> Finding:
    """Check that groups and filter can be evaluated; `who` names the account that does it."""
    subject = f"{who}: {CHECKED}"
    if not protected.is_configured:
        return ok(subject, "none are named by the settings")
    try:
        protected.verify()
    except DirectoryMisconfigured as error:
        return fail(subject, str(error), _decidable_by(protected))
    except DirectoryUnavailable as error:
        return fail(subject, str(error), "is slapd up, and does it take this account?")
    return ok(subject, "the groups exist, and the filter can be decided")


def _decidable_by(protected: ProtectedPeople) -> str:
    """Return what makes groups and filter decidable. memberOf exists only where an overlay writes it."""
    named = protected.people.protected_filter or ""
    if "memberof" not in (name.lower() for name in attributes_in(named)):
        return "name groups that exist, and give the right to search and compare them"
    return (
        "people.protected_groups with the DNs of these groups in the place of people.protected_filter; or load the "
        "overlay memberof, add the members again, and give the right to search by memberOf"
    )


def _accounts(settings: Settings) -> Iterator[tuple[str, Directory]]:
    """Yield the accounts whose passwords can be read here."""
    yield settings.directory.bind_dn, settings.directory
    if settings.workstation.delivers and is_workers(settings):
        yield str(settings.workstation.bind_dn), workers_directory(settings)
    if settings.capture.socket and is_listeners(settings):
        yield str(settings.capture.bind_dn), capturing_directory(settings)


def _check_directory(settings: Settings, pool: ConnectionPool, login: str) -> Iterator[Finding]:
    people = settings.people
    known = pool.run_idempotent(lambda connection: _matching(settings, connection)) if people.protected_filter else ()
    if people.protected_filter and not known:
        text = f"people.protected_filter {people.protected_filter} matches nobody below {people.base}"
        yield warn(
            CHECKED, text, "is it the right filter? The group may be empty, or another attribute name its members"
        )
    for group in pool.run_idempotent(lambda connection: _empty_groups(settings, connection)):
        text = f"the group {group} of people.protected_groups has no members: it protects nobody"
        yield warn(CHECKED, text, "add the administrators to it, or name the group that has them")
    if login:
        found = _with_login(settings, pool, login)
        if not found:
            yield fail(CHECKED, f"{login} is not among those who are protected", NOBODY_PROTECTED)
            return
        known = (found,)
    if not known:
        text = "not tried whether the directory itself protects them: no login of such a person is given"
        yield warn(CHECKED, text, "mamia check --protected LOGIN, with the login of one of them")
        return
    yield pool.run_idempotent(lambda connection: _check_rule(settings, connection, known[0]))


def _matching(settings: Settings, connection: Connection) -> tuple[str, ...]:
    people = settings.people
    filter_ = f"(&{people.filter}{people.protected_filter})"
    return tuple(entry.dn for entry in search(connection, people.base, filter_, ["1.1"], 1))


def _empty_groups(settings: Settings, connection: Connection) -> list[str]:
    """Return the groups without any member. A groupOfNames has at least one, which may be the decoy."""
    names = [one.attribute for one in MEMBERSHIPS]
    nobody = settings.directory.decoy_dn
    return [
        group
        for group in settings.people.protected_groups
        if all(compare(connection, group, name, nobody)["result"] == RESULT_NO_SUCH_ATTRIBUTE for name in names)
    ]


def _with_login(settings: Settings, pool: ConnectionPool, login: str) -> str:
    """Return the DN of a protected person; "" if nobody has that login, or the person is not protected."""
    mapping, protected = PeopleMapping(settings.people), ProtectedPeople(pool, settings.people)
    attributes = mapping.login_attributes
    entries = pool.run_idempotent(
        lambda connection: search(connection, mapping.base, mapping.login_filter(login), attributes, 2)
    )
    return next((one.dn for one in entries if protected.includes(one.dn, mapping.logins(one))), "")


def _check_rule(settings: Settings, connection: Connection, dn: str) -> Finding:
    """Check what the gateway's account could write to a protected person if its password were stolen."""
    wanted = {"userPassword": secrets.token_hex(8), "pwdReset": "FALSE"}
    if settings.workstation.targets:
        wanted["mamiaPendingSecret"] = secrets.token_hex(8)
    allowed = [name for name, value in wanted.items() if may_write(connection, dn, name, value)]
    subject = f"{CHECKED}: the directory's own rule"
    if allowed:
        text = f"{settings.directory.bind_dn} may write {', '.join(allowed)} of {dn}: whoever steals it could"
        return fail(subject, text, RULE)
    return ok(subject, f"it keeps {settings.directory.bind_dn} from the password of {dn}")
