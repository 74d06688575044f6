"""Password policies, and the overlay that hashes, judges and locks. What the directory has of both stays."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.ldap import first_value
from gateway.setup.changes import Change, PlanParts, Subject
from gateway.setup.ldif_files import read_entries
from gateway.setup.places import Places
from gateway.setup.records import Modification, Record, add_entry, delete_entry, modify_entry
from gateway.setup.subjects.folders import plan_folders
from gateway.setup.surveyed import Survey

FILE, OVERLAY_FILE = "60-policies", "40-password-policy"
POLICIES = "60-policies.ldif"
WHY = {
    "default": "Everybody's policy: ten failures lock for 15 minutes, the last five passwords are refused.",
    "services": "The service accounts' passwords do not expire, and strangers cannot lock them.",
    "decoy": "The decoy records failures as people's entries do, and never locks.",
    "initial": "Without history, for the one write that sets an initial password again.",
}
HASH_CLEARTEXT = "olcPPolicyHashCleartext"
DEFAULT = "olcPPolicyDefault"


def plan_policies(survey: Survey, places: Places, parts: PlanParts) -> None:
    """Add the policies that are missing. There is no second default one."""
    wanted = {
        "default": places.default_policy,
        "services": places.services_policy,
        "decoy": places.decoy_policy,
        "initial": places.initial_policy,
    }
    missing = {role: dn for role, dn in wanted.items() if dn and survey.entry(dn) is None}
    plan_folders(survey, places, missing.values(), parts, FILE)
    parts.add(
        Change(Subject.POLICIES, FILE, WHY[role], _policy(role, dn), delete_entry(dn)) for role, dn in missing.items()
    )
    default = survey.entry(places.default_policy)
    if default and default.first("pwdSafeModify").upper() == "TRUE":
        parts.notes.append(
            f"{places.default_policy} has pwdSafeModify: TRUE, which refuses every password that the gateway sets; "
            "set it to FALSE, since the gateway has people prove who they are itself"
        )


def plan_overlay(survey: Survey, places: Places, parts: PlanParts) -> None:
    """Add the overlay ppolicy, or correct the one that is there."""
    parts.add(_correct(survey, places) if places.database.overlays_of("ppolicy") else _new(places))


def _policy(role: str, dn: str) -> Record:
    name = first_value(dn)
    held = next(held for _, held in read_entries(POLICIES) if held.get("cn") == [role])
    return add_entry(dn, **{key: tuple(values) for key, values in {**held, "cn": [name]}.items()})


def _new(places: Places) -> Iterator[Change]:
    dn = f"olcOverlay=ppolicy,{places.database.dn}"
    record = add_entry(
        dn,
        objectClass=("olcOverlayConfig", "olcPPolicyConfig"),
        olcOverlay="ppolicy",
        olcPPolicyDefault=places.default_policy,
        olcPPolicyHashCleartext="TRUE",
        olcPPolicyUseLockout="FALSE",
    )
    why = "slapd hashes what arrives in plain text, judges new passwords, and locks after too many failures."
    yield Change(Subject.OVERLAY, OVERLAY_FILE, why, record, delete_entry(dn))


def _correct(survey: Survey, places: Places) -> Iterator[Change]:
    overlay = places.database.overlays_of("ppolicy")[0]
    if overlay.entry.first(HASH_CLEARTEXT).upper() != "TRUE":
        why = "Without it slapd stores the passwords that the gateway sets in plain text."
        yield _set(overlay.dn, HASH_CLEARTEXT, overlay.entry.all(HASH_CLEARTEXT), "TRUE", why)
    if not overlay.entry.first(DEFAULT):
        why = "People whose entry names no policy get this one; without it nothing locks and nothing is judged."
        yield _set(overlay.dn, DEFAULT, (), places.default_policy, why)


def _set(dn: str, attribute: str, present: tuple[str, ...], value: str, why: str) -> Change:
    record = modify_entry(dn, Modification("replace", attribute, (value,)))
    inverse = modify_entry(dn, Modification("replace" if present else "delete", attribute, present))
    return Change(Subject.OVERLAY, OVERLAY_FILE, why, record, inverse)
