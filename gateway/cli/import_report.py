"""The report of `mamia people import`: the counts, the rows that were left out and why, and what would change."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from gateway.cli.output import print_json
from gateway.cli.terminal import printable
from gateway.directory.staff_mapping import LEAVER, Creation, Update
from gateway.settings import People, Settings

MAX_ACCOUNT_NAME_CHARS = 20
"""Maximum length of a person's sAMAccountName; Active Directory refuses longer names."""
ABOUT_DOUBTS = """\
Doubts: nothing was written for these rows.
- Same name and birth date: where it is the same person, give the row both numbers, or write the new number to the
  entry. Where all of them are other people, --create-namesakes creates their entries.
- A number of another entry: correct the file or that entry."""


@dataclass(frozen=True, slots=True)
class WriteStep:
    """One write of one entry, and its place for reports."""

    place: str
    """Where it comes from: the line of the file ("line 12"), or "leaver"."""
    write: Creation | Update


@dataclass(slots=True)
class Tally:
    """The counts of an import or of its dry run."""

    created: int = 0
    updated: int = 0
    same: int = 0
    left: int = 0
    protected: int = 0
    """Entries of protected people, which were not written."""
    doubts: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unwritten: int = 0
    """Rows that were not written because the directory did not come back."""
    is_dry_run: bool = False
    as_json: bool = False
    """Whether the report is one JSON object, so that nothing is printed before it."""
    notes: list[str] = field(default_factory=list)
    """What an operator should know, although no row was left out for it."""
    lines: list[str] = field(default_factory=list)
    """The entries that would change or that were left alone, one line each."""

    def note(self, text: str) -> None:
        """Keep a note for the report, or print it at once to standard error."""
        self._keep(text, self.notes, sys.stderr)

    def show(self, text: str) -> None:
        """Keep a line about one entry for the report, or print it at once to standard output."""
        self._keep(text, self.lines, sys.stdout)

    def _keep(self, text: str, kept: list[str], stream: TextIO) -> None:
        if self.as_json:
            kept.append(text)
        else:
            print(printable(text), file=stream)

    @property
    def is_whole(self) -> bool:
        """Whether every row could be used and written."""
        return not (self.doubts or self.faults or self.unwritten)

    def __str__(self) -> str:
        return (
            f"{self.created} created, {self.updated} updated, {self.same} as they were, {self.left} marked as "
            f"leavers, {self.protected} protected and left alone, {_counted(self.doubts, 'doubt', 'doubts')}, "
            f"{_counted(self.faults, 'row with faults', 'rows with faults')}"
        )


def _counted(lines: Sequence[str], one: str, many: str) -> str:
    return f"{len(lines)} {one if len(lines) == 1 else many}"


def report_long_logins(settings: Settings, steps: Sequence[WriteStep], tally: Tally) -> None:
    """Note the new logins, each with its line, that are too long for a Windows domain of the settings."""
    targets = settings.workstation.targets.items()
    names = [name for name, target in targets if target.type == "active_directory" and target.has_account_names]
    if not names:
        return
    for step in steps:
        login = step.write.login
        if len(login) > MAX_ACCOUNT_NAME_CHARS:
            tally.note(
                f"{step.place}: the login {login} has {len(login)} characters, and sAMAccountName takes "
                f"{MAX_ACCOUNT_NAME_CHARS}: no account of {', '.join(names)} can have it"
            )


def report_lacking_class(people: People, count: int, tally: Tally) -> None:
    """Note how many people cannot be served because their entries lack our class, if anything needs it."""
    if count and people.password_stamp:
        tally.note(
            f"{count} people have not the class mamiaPerson, without which their passwords can't be set here; "
            "--add-class gives it to those in the file"
        )


def report_shared_logins(shared: Mapping[str, Collection[str]], tally: Tally) -> None:
    """Note the logins that several entries of the directory have already; `shared` maps each login to their DNs."""
    for login, dns in shared.items():
        tally.note(
            f"the login {login} is that of several entries, so the service refuses it: {'; '.join(sorted(dns))}"
        )


def report(tally: Tally) -> None:
    """Print the rows that were left out to standard error, and the counts to standard output; or all as JSON."""
    if tally.as_json:
        print_json(_as_json(tally))
        return
    for line in (*tally.faults, *tally.doubts):
        print(printable(line), file=sys.stderr)
    if tally.doubts:
        print(ABOUT_DOUBTS, file=sys.stderr)
    if tally.unwritten:
        left = f"{tally.unwritten} rows are left to write, since the directory did not come back: run it again"
        print(f"mamia people import: {left}", file=sys.stderr)
    print(("would be: " if tally.is_dry_run else "") + str(tally))


def _as_json(tally: Tally) -> dict[str, Any]:
    return {
        "dry_run": tally.is_dry_run,
        "created": tally.created,
        "updated": tally.updated,
        "unchanged": tally.same,
        "leavers": tally.left,
        "protected": tally.protected,
        "unwritten": tally.unwritten,
        "faults": tally.faults,
        "doubts": tally.doubts,
        "notes": tally.notes,
        "lines": tally.lines,
    }


def count(tally: Tally, write: Creation | Update) -> None:
    """Count the write in `tally` as created, updated or marked as a leaver."""
    attribute, mark = LEAVER
    if isinstance(write, Creation):
        tally.created += 1
    elif mark in write.values.get(attribute, ()):
        tally.left += 1
    else:
        tally.updated += 1


def difference(write: Creation | Update, people: People) -> str:
    """Return one line with old and new values.

    Numbers and birth dates are hidden, because a terminal keeps what it shows.
    """
    if isinstance(write, Creation):
        return f"+ {write.login}: {write.values['cn'][0]}, {write.values[people.mail][0]}"
    hidden = {people.birth_date, *(proof.attribute for proof in people.proofs.values())}
    changes = (
        f"{name}: {_shown(write.old.get(name, ()), name in hidden)} -> {_shown(values, name in hidden)}"
        for name, values in write.values.items()
    )
    return f"~ {write.login}: {'; '.join(changes)}"


def _shown(values: Sequence[str], is_hidden: bool) -> str:
    if not values:
        return "nothing"
    return "•••" if is_hidden else ", ".join(values)
