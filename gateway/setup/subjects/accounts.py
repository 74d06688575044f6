"""The service accounts, the decoy, and the group of people whose passwords the gateway never sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.ldap import first_value, is_below
from gateway.needs.attributes import RECOVERABLE
from gateway.settings import Settings
from gateway.setup.changes import PERSON_CLASS, Change, PlanParts, Subject, password_place
from gateway.setup.layout import naming_of
from gateway.setup.places import DECOY, Places
from gateway.setup.records import Modification, Record, add_entry, delete_entry, modify_entry
from gateway.setup.subjects.folders import plan_folders
from gateway.setup.subjects.schema import allowed_by
from gateway.setup.surveyed import Survey, normal_dn

FILE, GROUP_FILE = "70-services", "75-protected-people"
WORKER_CLASS = "mamiaWorker"
DESCRIPTION = {
    "gateway": "MA-MAMIA, web service",
    "sync": "MA-MAMIA, worker that brings passwords to the workstation",
    "helpdesk": "MA-MAMIA, gives codes for the helpdesk",
    "capture": "MA-MAMIA, receives passwords that are changed elsewhere",
    "reminders": "MA-MAMIA, reminds people before their password expires",
    DECOY: "MA-MAMIA, is in for logins that do not exist",
}
WHY = {
    "gateway": "The web service's account; it may do what the rules of this setup say, and nothing else.",
    "sync": "The account of mamia sync.",
    "capture": "The account of mamia capture.",
    "helpdesk": "The account that writes the helpdesk's codes, and may do nothing else.",
    "reminders": "The account of mamia remind.",
    DECOY: "The entry of nobody, on which proofs for unknown logins are tried; nobody knows its password.",
}
NOBODYS_BIRTHDAY = datetime(1900, 1, 1, tzinfo=UTC)
NOBODYS_NUMBER = "DECOY"
STRUCTURAL = {"cn": "organizationalRole", "uid": "account"}
"""Attribute that an account is named by → its structural class, of core and cosine."""
MAMIA_ATTRIBUTES = frozenset(("birthdate", "numen", "temporaryagentnumber"))
"""In lower case, those of mamiaPerson that the decoy has."""


@dataclass(frozen=True, slots=True)
class _Group:
    """A group that the settings name, and what its entry says."""

    dn: str
    setting: str
    description: str
    why: str


def plan_accounts(settings: Settings, survey: Survey, places: Places, parts: PlanParts) -> None:
    """Add the accounts and groups that are missing."""
    missing = [name for name, dn in places.accounts.items() if survey.entry(dn) is None]
    plan_folders(survey, places, [places.accounts[name] for name in missing], parts, FILE)
    for name in missing:
        dn = places.accounts[name]
        if naming_of(dn) not in STRUCTURAL:
            parts.problems.append(
                f"{dn} does not exist, and setup makes accounts named by {' or '.join(STRUCTURAL)}: add it first, "
                "or name another DN"
            )
            continue
        record = _account(name, dn, settings, survey, places)
        parts.add([Change(Subject.ENTRIES, FILE, WHY[name], record, delete_entry(dn))])
    parts.add(_worker_class(survey, places))
    for group in _groups(places):
        _plan_group(group, survey, places, parts)


def plan_passwords(survey: Survey, places: Places, names: frozenset[str], parts: PlanParts) -> None:
    """Set the passwords of the accounts `names` that exist."""
    for name in sorted(names):
        dn = places.accounts.get(name, "")
        if dn and survey.entry(dn) is not None:
            record = modify_entry(dn, Modification("replace", "userPassword", (password_place(name),)))
            why = f"{dn} gets the password of the settings, since it has another one."
            parts.add([Change(Subject.PASSWORDS, FILE, why, record)])


def _account(name: str, dn: str, settings: Settings, survey: Survey, places: Places) -> Record:
    naming = naming_of(dn)
    classes, more = [STRUCTURAL[naming], "simpleSecurityObject"], {}
    if name == "sync":
        classes.append(WORKER_CLASS)
    if name == "reminders":
        classes.append(RECOVERABLE)
    if name == DECOY:
        more = _numbers(settings)
        classes += _classes_for(more, survey)
    policy = places.decoy_policy if name == DECOY else places.services_policy
    return add_entry(
        dn,
        objectClass=tuple(classes),
        **{naming: first_value(dn)},
        description=DESCRIPTION[name],
        **more,
        userPassword=password_place(name),
        pwdPolicySubentry=policy,
    )


def _numbers(settings: Settings) -> dict[str, str]:
    """Return what people are compared by, with values that fit nobody."""
    people = settings.people
    found = {proof.attribute: f"{proof.prefix}{NOBODYS_NUMBER}" for proof in people.proofs.values()}
    zeros = people.birth_date_format.replace("%Y", "0000").replace("%m", "00").replace("%d", "00")
    ours = people.birth_date.lower() in MAMIA_ATTRIBUTES
    # A date of another schema may be a GeneralizedTime, which has no day 0.
    return {**found, people.birth_date: zeros if ours else NOBODYS_BIRTHDAY.strftime(people.birth_date_format)}


def _classes_for(attributes: Mapping[str, str], survey: Survey) -> list[str]:
    """Return the classes that allow `attributes`, ours first; an attribute that none allows goes without."""
    foreign = [name for name in attributes if name.lower() not in MAMIA_ATTRIBUTES]
    return list(dict.fromkeys([PERSON_CLASS, *filter(None, (allowed_by(survey, name) for name in foreign))]))


def _worker_class(survey: Survey, places: Places) -> Iterator[Change]:
    entry = survey.entry(places.accounts.get("sync", ""))
    if entry and WORKER_CLASS.lower() not in (value.lower() for value in entry.all("objectClass")):
        add, gone = (Modification(kind, "objectClass", (WORKER_CLASS,)) for kind in ("add", "delete"))
        why = "Its entry can hold the number by which the worker notices a restored directory."
        yield Change(Subject.ENTRIES, FILE, why, modify_entry(entry.dn, add), modify_entry(entry.dn, gone))


def _groups(places: Places) -> Iterator[_Group]:
    for dn in places.groups:
        yield _Group(
            dn,
            "people.protected_groups",
            "MA-MAMIA, privileged people whose passwords it never sets",
            "Its members are privileged people, whom the gateway never serves; add them as member.",
        )
    if places.agents_group:
        yield _Group(
            places.agents_group,
            "helpdesk.agents_group",
            "MA-MAMIA, agents of the helpdesk",
            "Its members are the agents of the helpdesk; add them as member.",
        )


def _plan_group(group: _Group, survey: Survey, places: Places, parts: PlanParts) -> None:
    """Add a group that is missing."""
    dn = group.dn
    if survey.entry(dn) is not None or any(normal_dn(one.record.dn) == normal_dn(dn) for one in parts.changes):
        return
    if naming_of(dn) != "cn" or not is_below(dn, places.layout.suffix):
        parts.problems.append(
            f"the group {dn} does not exist, and setup makes groups named by cn below {places.layout.suffix}: add it "
            f"first, or correct {group.setting}"
        )
        return
    plan_folders(survey, places, [dn], parts, GROUP_FILE)
    record = add_entry(
        dn,
        objectClass="groupOfNames",
        cn=first_value(dn),
        description=group.description,
        # A groupOfNames cannot be empty, and the decoy is nobody.
        member=places.accounts[DECOY],
    )
    parts.add([Change(Subject.ENTRIES, GROUP_FILE, group.why, record, delete_entry(dn))])
