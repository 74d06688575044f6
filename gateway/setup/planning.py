"""Compare a directory with what the settings need, and list what is missing."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gateway.ldap import search_pages, try_search
from gateway.settings import Settings
from gateway.setup.access import Access
from gateway.setup.access_rules import (
    configuration_rules,
    database_rules,
    indices,
    monitor_rules,
    search_limits,
)
from gateway.setup.changes import PERSON_CLASS, Options, Plan, PlanParts, Subject
from gateway.setup.layout import Layout
from gateway.setup.places import Places, ancestors, places_of
from gateway.setup.subjects.accounts import plan_accounts, plan_passwords
from gateway.setup.subjects.folders import plan_folders
from gateway.setup.subjects.indices import plan_indices
from gateway.setup.subjects.limits import plan_limits
from gateway.setup.subjects.modules import plan_hash, plan_modules
from gateway.setup.subjects.monitor import plan_monitor
from gateway.setup.subjects.people import plan_people, without_class
from gateway.setup.subjects.policies import plan_overlay, plan_policies
from gateway.setup.subjects.rules import defaults_of, note_closed, plan_rules
from gateway.setup.subjects.schema import plan_schema
from gateway.setup.subjects.sock import plan_sock
from gateway.setup.survey import read_entries, survey
from gateway.setup.surveyed import Survey, normal_dn

PAGE_SIZE = 500
SOCKET_SECONDS = 3
POLICY = "pwdPolicySubentry"
WHY_RULES = "Our accounts get the rights that the settings need, and what is secret is closed to everybody else."
WHY_CONFIGURATION = "mamia check sees, on any machine, how slapd hashes and judges passwords."


def survey_and_plan(settings: Settings, access: Access, options: Options | None = None) -> tuple[Survey, Plan]:
    """Read the directory, but for how people look, and list what it lacks. Changes nothing.

    Raises ServerUnavailable, DirectoryMisconfigured, LDAPException, OSError as `survey` does.
    """
    options = options or Options()
    found = survey(access, looks=False)
    people = options.class_for or settings.people.filter
    # A filter with "not" finds nobody as long as slapd does not know the class.
    lacking = without_class(people) if found.knows_class(PERSON_CLASS) else people
    found = replace(
        found,
        lacking_class=_count(access, settings.people.base, lacking),
        peoples_policies=_peoples_policies(access, settings.people.base),
        listening=_listening(settings.capture.socket, access.url),
    )
    try:
        places = _places(settings, found, options)
    except ValueError:
        return found, plan(settings, found, options)
    base = settings.people.base
    dns = (*places.entries, *ancestors(base, places.layout.suffix), base, *places.ours)
    found = replace(found, entries=read_entries(access, dns))
    return found, plan(settings, found, options)


def plan(settings: Settings, survey: Survey, options: Options | None = None) -> Plan:
    """Return what the surveyed directory lacks, in the order in which it is safe to write it.

    The survey must be one of `survey_and_plan`, which also reads the entries that the settings name. A plan whose
    `problems` are not empty cannot be applied.
    """
    options = options or Options()
    parts = PlanParts()
    try:
        places = _places(settings, survey, options)
    except ValueError as error:
        return Plan((), Layout(""), problems=(str(error),))
    layout = _with_other_accounts(places, survey)
    _plan_configuration(settings, survey, places, layout, options, parts)
    if places.database.is_consumer:
        providers = ", ".join(one.provider for one in places.database.replications)
        parts.notes.append(
            f"{survey.url} copies its entries from {providers}: set the accounts and policies up there"
        )
    else:
        _plan_entries(settings, survey, places, options, parts)
    plan_sock(settings, survey, places, parts)
    _check_access(survey, places, parts)
    changes = tuple(sorted(parts.changes, key=lambda change: change.file))
    saved = tuple(dict.fromkeys(one.record.dn for one in changes if one.record.is_configuration))
    return Plan(changes, layout, tuple(parts.later), tuple(parts.problems), tuple(parts.notes), places, saved)


def _places(settings: Settings, found: Survey, options: Options) -> Places:
    return places_of(
        settings, found, readers=options.replica_readers, writers=options.writers,
        peoples_policies=found.peoples_policies,
    )  # fmt: skip


def _with_other_accounts(places: Places, found: Survey) -> Layout:
    """Return the layout with accounts of ours that exist though these settings do not need them: closed they stay."""
    needed = {normal_dn(dn) for dn in places.accounts.values()}
    ours = (*places.ours, places.replicator)
    others = tuple(dn for dn in ours if normal_dn(dn) not in needed and found.entry(dn) is not None)
    return replace(places.layout, other_accounts=others)


def _plan_configuration(
    settings: Settings, found: Survey, places: Places, layout: Layout, options: Options, parts: PlanParts
) -> None:
    targets = settings.workstation.targets.values()
    samba = any(one.type == "samba_nt" for one in targets)
    sections = (settings.helpdesk, settings.recovery, settings.charter, settings.reminders)
    recovery = any(section.is_on for section in sections)
    plan_schema(found, parts, worker="sync" in places.accounts, samba=samba, recovery=recovery)
    plan_modules(found, places, parts, argon2=options.argon2, sock=settings.capture.socket is not None)
    plan_indices(places, indices(settings), parts)
    rules = database_rules(settings, layout)
    defaults = defaults_of(found.frontend)
    plan_rules(places.database, rules, places, parts, Subject.RULES, "30-access", WHY_RULES, defaults=defaults)
    note_closed(rules, parts)
    plan_limits(places, search_limits(settings), parts)
    plan_hash(found, places, parts)
    plan_overlay(found, places, parts)
    plan_monitor(found, places, monitor_rules(settings, layout), parts)
    own = configuration_rules(settings, layout)
    plan_rules(found.configuration, own, places, parts, Subject.CONFIGURATION, "47-configuration", WHY_CONFIGURATION)


def _plan_entries(settings: Settings, found: Survey, places: Places, options: Options, parts: PlanParts) -> None:
    plan_folders(found, places, [], parts, "50-base-tree", itself=settings.people.base)
    plan_policies(found, places, parts)
    plan_accounts(settings, found, places, parts)
    plan_passwords(found, places, options.new_passwords, parts)
    plan_people(settings, options.class_for, found.lacking_class, parts)


def _check_access(found: Survey, places: Places, parts: PlanParts) -> None:
    # After an overlay that asks the listener, a write on the decoy proves that slapd reaches it.
    asks = (Subject.ORACLE, Subject.CAPTURE)
    writes_entries = any(not one.record.is_configuration or one.subject in asks for one in parts.changes)
    if writes_entries and places.layout.suffix not in found.writable:
        administrator = places.database.root_dn or "an account that may write everything"
        parts.problems.append(
            f"{found.data_dn or 'this account'} may not write entries below {places.layout.suffix}: give setup the "
            f"database's administrator ({administrator}) and a file with its password"
        )


def _count(access: Access, base: str, filter_: str) -> int:
    if not try_search(access.data, base, "(objectClass=*)", ["1.1"], "BASE").answers:
        return 0
    return sum(1 for _ in search_pages(access.data, base, filter_, ["1.1"], PAGE_SIZE))


def _peoples_policies(access: Access, base: str) -> tuple[str, ...]:
    found = try_search(access.data, base, f"({POLICY}=*)", [POLICY], paged_size=PAGE_SIZE)
    return tuple(dict.fromkeys(entry.first(POLICY) for entry in found.entries if entry.first(POLICY)))


def _listening(path: Path | None, url: str) -> frozenset[str]:
    """Return the path if a program of this machine listens there; slapd on another machine has sockets of its own."""
    if path is None or not url.startswith("ldapi:"):
        return frozenset()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, suppress(OSError):
        probe.settimeout(SOCKET_SECONDS)
        probe.connect(str(path))
        return frozenset((str(path),))
    return frozenset()
