"""Take back entries: accounts, groups, policies, folders, and our class on people."""

from __future__ import annotations

from collections.abc import Sequence

from ldap3.utils.conv import escape_filter_chars

from gateway.ldap import Entry, read_entry
from gateway.setup.changes import DATA_ATTRIBUTES, PERSON_CLASS, STATE_ATTRIBUTES, Subject
from gateway.setup.records import Modification, Record, modify_entry
from gateway.setup.surveyed import normal_dn
from gateway.setup.undo_steps import Steps

POLICY = "pwdPolicySubentry"
REPORTED = 500
"""After how many people a step reports how far it is."""


def undo_accounts(steps: Steps) -> None:
    """Delete the groups and accounts that setup added, and the classes that it gave to accounts."""
    for one in reversed(steps.history.of(Subject.ENTRIES)):
        record = one.record
        if record.kind == "modify":
            _remove_class(record, steps)
        elif _is_group(record):
            _delete_group(record, steps)
        elif _is_account(record) and steps.exists(record.dn):
            steps.delete(record.dn, f"{record.dn} is deleted")


def undo_policies(steps: Steps) -> None:
    """Delete the policies that setup added and no entry names."""
    _, database = steps.look()
    named = {normal_dn(overlay.entry.first("olcPPolicyDefault")) for overlay in database.overlays_of("ppolicy")}
    for one in reversed(steps.history.of(Subject.POLICIES)):
        dn = one.record.dn
        if not steps.exists(dn):
            continue
        users = steps.holders(steps.history.suffix, f"({POLICY}={escape_filter_chars(dn)})")
        if users or normal_dn(dn) in named:
            who = f"{users[0]} and perhaps others have" if users else "the overlay ppolicy has"
            steps.keep(dn, f"{who} it as their policy", "give them another policy, then undo again")
        else:
            steps.delete(dn, f"{dn} is deleted")


def undo_folders(steps: Steps) -> None:
    """Delete the entries above ours that setup added, if nothing is below them."""
    for one in reversed(steps.history.of(Subject.ENTRIES)):
        record = one.record
        if record.kind != "add" or _is_account(record) or _is_group(record) or not steps.exists(record.dn):
            continue
        below = [dn for dn in steps.holders(record.dn, "(objectClass=*)") if normal_dn(dn) != normal_dn(record.dn)]
        if below:
            steps.keep(record.dn, f"{below[0]} is below it")
        else:
            steps.delete(record.dn, f"{record.dn} is deleted")


def undo_class(steps: Steps, *, remove_data: bool) -> None:
    """Take our class back from the people to whom setup gave it, with what only MA-MAMIA needs of them."""
    done, left = 0, []
    people = steps.history.people
    for number, dn in enumerate(people, start=1):
        if number % REPORTED == 0 and not steps.is_dry:
            steps.report(f"{number} of {len(people)} people looked at for the class {PERSON_CLASS}")
        entry = read_entry(steps.access.data, dn, ["objectClass", *STATE_ATTRIBUTES, *DATA_ATTRIBUTES])
        if entry is None or PERSON_CLASS not in entry.all("objectClass"):
            continue
        data = [name for name in DATA_ATTRIBUTES if entry.all(name)]
        if data and not remove_data:
            left.append((dn, data))
            continue
        done += _take_class(entry, steps)
    if done:
        steps.report(f"{done} people lose the class {PERSON_CLASS}")
        steps.removed.append(f"{done} people lose the class {PERSON_CLASS}")
    if left:
        dn, data = left[0]
        steps.keep(
            f"the class {PERSON_CLASS} of {len(left)} people",
            f"they have values that only this class allows, such as {', '.join(data)} of {dn}",
            "undo again with the removal of people's data, or delete these attributes yourself and undo again",
        )


def _take_class(entry: Entry, steps: Steps) -> int:
    """Remove the class and all that it allows with one Modify; return 1 if it was there."""
    parts = [Modification("delete", name) for name in (*STATE_ATTRIBUTES, *DATA_ATTRIBUTES) if entry.all(name)]
    record = modify_entry(entry.dn, *parts, Modification("delete", "objectClass", (PERSON_CLASS,)))
    # One sentence for all is enough.
    return int(steps.do(record, f"{entry.dn} loses the class {PERSON_CLASS}", is_quiet=True))


def _remove_class(record: Record, steps: Steps) -> None:
    (one,) = record.modifications
    entry = read_entry(steps.access.data, record.dn, ["objectClass", "mamiaWorkerToken"])
    if entry is None or not set(one.values) <= set(entry.all("objectClass")):
        return
    tokens = [Modification("delete", "mamiaWorkerToken")] if entry.all("mamiaWorkerToken") else []
    parts = [*tokens, Modification("delete", one.attribute, one.values)]
    steps.do(modify_entry(record.dn, *parts), f"{record.dn} loses the class {', '.join(one.values)}")


def _delete_group(record: Record, steps: Steps) -> None:
    added = {normal_dn(value) for value in _values(record, "member")}
    entry = read_entry(steps.access.data, record.dn, ["member"])
    if entry is None:
        return
    members = [dn for dn in entry.all("member") if normal_dn(dn) not in added]
    if members:
        steps.keep(record.dn, f"it has members, such as {members[0]}", "delete it yourself if nothing else uses it")
    else:
        steps.delete(record.dn, f"{record.dn} is deleted")


def _values(record: Record, attribute: str) -> Sequence[str]:
    return next((values for name, values in record.attributes if name == attribute), ())


def _is_group(record: Record) -> bool:
    return "groupOfNames" in _values(record, "objectClass")


def _is_account(record: Record) -> bool:
    return "simpleSecurityObject" in _values(record, "objectClass")
