"""Take back overlays, the form of new hashes and indices; schema and modules stay in a running slapd."""

from __future__ import annotations

from gateway.ldap import search
from gateway.setup.changes import Subject
from gateway.setup.records import Modification, Record, modify_entry
from gateway.setup.subjects.modules import ARGON2_SCHEME
from gateway.setup.surveyed import Overlay
from gateway.setup.undo_steps import Steps

INDEX, HASH = "olcDbIndex", "olcPasswordHash"
CLOSED = "pwdAccountLockedTime"
POLICY_STATE = (
    "pwdHistory",
    "pwdPolicySubentry",
    "pwdChangedTime",
    "pwdAccountLockedTime",
    "pwdReset",
    "pwdFailureTime",
)
CLOSED_FOR_EVER = "0000"
OFFLINE = "a running slapd unloads no module; stop it, and remove the line with slapmodify -n0"


def undo_sock(steps: Steps) -> None:
    """Remove the overlays that ask `mamia capture`, the one with the highest number first."""
    _, database = steps.look()
    changes = steps.history.of(Subject.ORACLE, Subject.CAPTURE)
    for one in reversed(changes):
        if one.record.kind == "modify" and one.inverse:
            for overlay in database.overlays_of("sock"):
                _restore(one.record, one.inverse, overlay, steps)
    written = [one.record for one in changes if one.record.kind == "add"]
    overlays = [one for one in database.overlays_of("sock") if any(_is_same(one, record) for record in written)]
    for overlay in sorted(overlays, key=lambda one: -one.number):
        steps.delete(overlay.dn, f"{overlay.dn} is deleted; stop mamia capture only now")


def undo_overlay(steps: Steps) -> None:
    """Remove the policy overlay that setup added, or set its values as they were."""
    _, database = steps.look()
    written = steps.history.of(Subject.OVERLAY)
    overlays = database.overlays_of("ppolicy")
    if not overlays:
        return
    for one in reversed(written):
        if one.record.kind == "modify" and one.inverse:
            _restore(one.record, one.inverse, overlays[0], steps)
    if any(one.record.kind == "add" for one in written):
        _remove_policy_overlay(overlays[0], steps)


def undo_hash(steps: Steps) -> None:
    """Let slapd store new passwords as before."""
    survey, _ = steps.look()
    written = steps.history.of(Subject.HASH)
    if written and written[0].inverse and survey.password_hashes == (ARGON2_SCHEME,):
        before = written[0].inverse.modifications[0].values
        record = modify_entry(survey.frontend.dn, Modification("replace", HASH, before))
        steps.do(record, f"new passwords are stored as {', '.join(before) or 'slapd does by default'}")


def undo_indices(steps: Steps) -> None:
    """Remove the indices that setup added, and bring back those that it changed."""
    _, database = steps.look()
    for one in reversed(steps.history.of(Subject.INDICES)):
        added = [value for part in one.record.modifications if part.operation == "add" for value in part.values]
        removed = [value for part in one.record.modifications if part.operation == "delete" for value in part.values]
        present = tuple(value for value in added if value in database.indices)
        if not present:
            continue
        back = [Modification("add", INDEX, tuple(removed))] if removed else []
        record = modify_entry(database.dn, Modification("delete", INDEX, present), *back)
        steps.do(record, f"{len(present)} indices are removed from {database.dn}")


def keep_schema_and_modules(steps: Steps) -> None:
    """Say what has to stay, and what would happen without it."""
    if steps.history.of(Subject.SCHEMA):
        steps.keep("our schema", "slapd removes no schema while it runs, and entries may use it; it does no harm")
    written = steps.history.of(Subject.MODULES)
    loaded = " ".join(value for one in written for part in one.record.modifications for value in part.values)
    loaded += " ".join(value for one in written for _, values in one.record.attributes for value in values)
    if "argon2" in loaded:
        _keep_argon2(steps)
    if "ppolicy" in loaded:
        _keep_ppolicy(steps)
    if "back_sock" in loaded:
        steps.keep("the module back_sock", OFFLINE)


def _keep_argon2(steps: Steps) -> None:
    survey, _ = steps.look()
    schemes = [scheme for one in survey.databases for scheme in one.entry.all(HASH)]
    count = steps.count_hashes(ARGON2_SCHEME.encode())
    if ARGON2_SCHEME in (scheme.upper() for scheme in schemes):
        steps.keep(
            "the module argon2",
            f"{HASH} names {ARGON2_SCHEME}, and slapd does not start without the module then",
            f"set {HASH} to another scheme, then undo again",
        )
    elif count:
        steps.keep(
            "the module argon2",
            f"{count} passwords are stored as Argon2, and nobody of them could log in without it",
            "it may stay; to remove it, let these people set a new password first",
        )
    else:
        steps.keep("the module argon2", f"nothing needs it any more, but {OFFLINE}")


def _keep_ppolicy(steps: Steps) -> None:
    survey, database = steps.look()
    if held := [one.dn for one in survey.policies if not _is_gone(one.dn, steps)]:
        why = f"{held[0]} is of a class that the module defines"
    elif database.overlays_of("ppolicy"):
        why = "its overlay is there"
    elif name := steps.any_with(POLICY_STATE):
        why = f"entries have {name}, which the module defines"
    else:
        why = f"nothing needs it any more, but {OFFLINE}"
    steps.keep("the module ppolicy", why)


def _is_gone(dn: str, steps: Steps) -> bool:
    return not steps.exists(dn)


def _is_same(overlay: Overlay, record: Record) -> bool:
    values = dict(record.attributes)
    names = ("olcDbSocketPath", "olcOvSocketDNpat", "olcOvSocketOps")
    return all(" ".join(overlay.entry.all(name)) == " ".join(values.get(name, ())) for name in names)


def _restore(record: Record, inverse: Record, overlay: Overlay, steps: Steps) -> None:
    for new, old in zip(record.modifications, inverse.modifications, strict=True):
        if overlay.entry.all(new.attribute) == new.values:
            text = f"{new.attribute} of {overlay.dn} is {', '.join(old.values) or 'empty'} as before"
            steps.do(modify_entry(overlay.dn, Modification("replace", new.attribute, old.values)), text)


def _remove_policy_overlay(overlay: Overlay, steps: Steps) -> None:
    closed = _closed_accounts(steps)
    if closed:
        steps.keep(
            overlay.dn,
            f"{len(closed)} accounts are closed by {CLOSED}, such as {closed[0]}: without it they could log in again",
            f"close them in another way and delete {CLOSED} there, then undo again",
        )
        return
    steps.delete(overlay.dn, f"{overlay.dn} is deleted: nothing locks, and new passwords are not judged")


def _closed_accounts(steps: Steps) -> list[str]:
    found = search(steps.access.data, steps.history.suffix, f"({CLOSED}=*)", [CLOSED])
    return [one.dn for one in found if one.first(CLOSED).startswith(CLOSED_FOR_EVER)]
