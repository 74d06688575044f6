"""Writes `ldif/undo/`, one file for each file of `ldif/` that can be taken back (`make ldif`)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from gateway.setup.ldif_files import ldif_folder, read_entries
from gateway.setup.records import Modification, Record, delete_entry, modify_entry
from gateway.setup.rules import Rule, parse
from gateway.setup.surveyed import in_order

FOLDER = "undo"
DATABASE = "olcDatabase={1}mdb,cn=config"
CLOSING = "99-closing-rules.ldif"
ACCESS = "30-access.ldif"
CLOSING_OF = {
    "41-charter.ldif": "95-closing-charter.ldif",
    "44-helpdesk.ldif": "96-closing-helpdesk.ldif",
    "48-recovery.ldif": "97-closing-recovery.ldif",
    "49-reminders.ldif": "98-closing-reminders.ldif",
}
"""File of rules that not every directory has → the one that removes its rules which close secrets."""
WITH_CLOSING = (ACCESS, "35-workstation-nt.ldif")
WITH_RULES = (
    ACCESS, "35-workstation-nt.ldif", "41-charter.ldif", "42-recoverable.ldif", "44-helpdesk.ldif",
    "45-password-oracle.ldif", "46-monitor.ldif", "47-configuration.ldif", "48-recovery.ldif", "49-reminders.ldif",
    "93-capture.ldif", "94-capture-nt.ldif",
)  # fmt: skip
WITH_ENTRIES = (
    "60-policies.ldif", "70-services.ldif", "71-helpdesk-account.ldif", "72-reminders-account.ldif",
    "75-protected-people.ldif",
    "90-replicator.ldif", "92-capture-account.ldif",
)  # fmt: skip
LIMITS_NOTE = (
    "Restart slapd afterwards if olcLimits has other values: it deletes limits in the order of their loading."
)
NOTES = {
    ACCESS: f"The rules that close secrets stay; {CLOSING} removes them, last. {LIMITS_NOTE}",
    "35-workstation-nt.ldif": f"The rules that close hashes stay; {CLOSING} removes them, last.",
    "40-password-policy.ldif": (
        "Write the number of your overlay in the place of {0}, and the olcPasswordHash that you had, if there was "
        "one. The module argon2 must stay: without it nobody whose password is an Argon2 hash can log in. Accounts "
        "that are closed by pwdAccountLockedTime are open without this overlay: close them in another way first."
    ),
    "45-password-oracle.ldif": "First delete the overlay itself, as docs/directory.md says.",
    "46-monitor.ldif": "Write the number of your database monitor in the place of {2}.",
    "93-capture.ldif": f"First delete the overlay itself, as docs/directory.md says. {LIMITS_NOTE}",
    "41-charter.ldif": f"The rules that close what was accepted stay; {CLOSING_OF['41-charter.ldif']} removes them.",
    "44-helpdesk.ldif": (
        f"The rules that close codes stay; {CLOSING_OF['44-helpdesk.ldif']} removes them. {LIMITS_NOTE}"
    ),
    "48-recovery.ldif": f"The rules that close methods stay; {CLOSING_OF['48-recovery.ldif']} removes them.",
    "49-reminders.ldif": (
        f"The rules that close records stay; {CLOSING_OF['49-reminders.ldif']} removes them. {LIMITS_NOTE}"
    ),
    "70-services.ldif": (
        "Load undo/71-helpdesk-account.ldif, undo/72-reminders-account.ldif, undo/92-capture-account.ldif and "
        "undo/90-replicator.ldif before it, if you have these."
    ),
    "91-mirror.ldif": (
        "On both servers, before undo/90-replicator.ldif. Write the number of your overlay in the place of {0}. "
        f"{LIMITS_NOTE}"
    ),
    **dict.fromkeys(CLOSING_OF.values(), "Only when no entry has a value of an attribute below any more."),
    CLOSING: (
        "Only when no entry has a value of an attribute below any more: under Debian's default rules everybody can "
        "read them then. docs/directory.md says how to look."
    ),
}


def texts() -> Iterator[tuple[str, str]]:
    """Name and text of each file, in the order in which they are loaded where that matters."""
    for name in WITH_RULES:
        yield name, _file(name, f"Takes back {name}.", _without_rules(name))
    yield (
        "40-password-policy.ldif",
        _file("40-password-policy.ldif", "Takes back 40-password-policy.ldif.", _policy()),
    )
    yield "20-indices.ldif", _file("20-indices.ldif", "Takes back 20-indices.ldif.", _without_indices())
    for name in WITH_ENTRIES:
        entries = [delete_entry(dn) for dn, _ in reversed(read_entries(name))]
        yield name, _file(name, f"Takes back {name}.", entries)
    yield "91-mirror.ldif", _file("91-mirror.ldif", "Takes back 91-mirror.ldif.", _without_mirror())
    yield (
        CLOSING,
        _file(CLOSING, "Removes the rules that close secrets.", [_closing(*WITH_CLOSING)]),
    )
    for name, closing in CLOSING_OF.items():
        yield closing, _file(closing, f"Removes the rules of {name} that close secrets.", [_closing(name)])


def _closing(*names: str) -> Record:
    held = [held for name in names for _, held in read_entries(name)]
    return _deleted(DATABASE, [rule for one in held for rule in _rules(one) if rule.closes])


def _file(name: str, title: str, records: list[Record]) -> str:
    note = textwrap.fill(f"{title} {NOTES.get(name, '')}".strip(), 116, break_on_hyphens=False)
    return textwrap.indent(note, "# ") + "\n" + "\n".join(record.to_ldif() for record in records)


def _without_rules(name: str) -> list[Record]:
    records = []
    for dn, held in read_entries(name):
        if "olcAccess" in held:
            limits = in_order(held.get("olcLimits", []))
            more = [Modification("delete", "olcLimits", limits)] if limits else []
            record = _deleted(dn, [rule for rule in _rules(held) if not rule.closes])
            records.append(modify_entry(dn, *record.modifications, *more))
    return records


def _rules(held: Mapping[str, Sequence[str]]) -> list[Rule]:
    return [parse(rule) for rule in in_order(held.get("olcAccess", []))]


def _deleted(dn: str, rules: list[Rule]) -> Record:
    return modify_entry(dn, Modification("delete", "olcAccess", tuple(rule.text for rule in rules)))


def _without_indices() -> list[Record]:
    [(dn, held)] = read_entries("20-indices.ldif")
    return [modify_entry(dn, Modification("delete", "olcDbIndex", tuple(held["olcDbIndex"])))]


def _policy() -> list[Record]:
    return [
        delete_entry(f"olcOverlay={{0}}ppolicy,{DATABASE}"),
        modify_entry("olcDatabase={-1}frontend,cn=config", Modification("delete", "olcPasswordHash")),
    ]


def _without_mirror() -> list[Record]:
    held = next(held for _, held in read_entries("91-mirror.ldif") if "olcSyncrepl" in held)
    parts = [Modification("delete", "olcMultiProvider"), Modification("delete", "olcSyncrepl")]
    parts += [Modification("delete", name, in_order(held[name])) for name in ("olcLimits", "olcAccess", "olcDbIndex")]
    return [
        modify_entry(DATABASE, *parts),
        delete_entry(f"olcOverlay={{0}}syncprov,{DATABASE}"),
        modify_entry("cn=config", Modification("delete", "olcServerID")),
    ]


def main() -> None:
    """Write the files."""
    folder = ldif_folder() / FOLDER
    folder.mkdir(exist_ok=True)
    for name, text in texts():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
