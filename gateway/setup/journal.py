"""What was written into a directory, kept in a folder before each write, for the way back."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.ldap import Entry
from gateway.setup.changes import Change, Plan, Subject
from gateway.setup.difference import comment
from gateway.setup.files import make_own_folder
from gateway.setup.records import Record

CHANGES = "changes.jsonl"
PEOPLE = "people.jsonl"
FILE_MODE = 0o600
CREATED = os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW
SECRET = frozenset(("olcrootpw",))
CREDENTIALS = re.compile(r'credentials=("[^"]*"|\S+)', re.IGNORECASE)
BY_HAND = (
    "This takes back one change exactly, as the directory was before it. `mamia setup` looks at what the "
    "directory holds when it undoes something, and is safer: secrets stay closed and nobody is locked out."
)


@dataclass(frozen=True, slots=True)
class Written:
    """One change that was written, or was about to be."""

    subject: Subject
    record: Record
    inverse: Record | None
    page_filter: str


@dataclass(frozen=True, slots=True)
class History:
    """All that an undo folder holds."""

    changes: tuple[Written, ...]
    database_dn: str
    suffix: str
    services_base: str
    accounts: tuple[str, ...]
    """DNs of the accounts that the settings needed."""
    people: tuple[str, ...]
    """DNs of the people who got our class."""
    narrowed: tuple[str, ...] = ()
    """Access rules that undo left in the place of ours."""

    def of(self, *subjects: Subject) -> tuple[Written, ...]:
        """Return what was written about the subjects, in order."""
        return tuple(one for one in self.changes if one.subject in subjects)


class Journal:
    """Writes an undo folder. What it is given is on the disk when a method returns."""

    def __init__(self, folder: Path) -> None:
        """Make the folder (0700). Raises OSError, also for one in which somebody else could write."""
        make_own_folder(folder)
        self.folder = folder
        self._number = len(list(folder.glob("*-undo-*.ldif")))

    def start(self, plan: Plan, url: str, entries: Iterable[Entry]) -> None:
        """Begin a run: keep where everything is, and `entries` of cn=config as they are."""
        now = datetime.now(UTC)
        copy = "\n".join(_copy(entry) for entry in entries)
        self._write(f"config-before-{now:%Y%m%dT%H%M%S%f}.ldif", copy)
        places = plan.places
        self._append(
            CHANGES,
            {
                "run": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                "url": url,
                "database_dn": plan.layout.database_dn,
                "suffix": plan.layout.suffix,
                "services_base": places.services_base if places else "",
                "accounts": list(places.accounts.values()) if places else [],
            },
        )

    def add(self, change: Change) -> None:
        """Keep how to take a change back."""
        self._number += 1
        if change.inverse is not None:
            text = comment(BY_HAND) + comment(f"It takes back: {change.why}") + change.inverse.to_ldif()
            self._write(f"{self._number:03}-undo-{change.file}.ldif", text)
        self._append(
            CHANGES,
            {
                "subject": change.subject.value,
                "file": change.file,
                "why": change.why,
                "record": change.record.to_json(),
                "inverse": change.inverse.to_json() if change.inverse else None,
                "page_filter": change.page_filter,
            },
        )

    def add_people(self, dns: Sequence[str]) -> None:
        """Keep who is about to get our class."""
        self._append(PEOPLE, {"people": list(dns)})

    def add_narrowed(self, rules: Sequence[str]) -> None:
        """Keep the access rules that undo is about to leave in the place of ours."""
        self._append(CHANGES, {"narrowed": list(rules)})

    def _write(self, name: str, text: str) -> None:
        with _opened(self.folder / name, CREATED | os.O_TRUNC) as descriptor:
            os.write(descriptor, text.encode())
            os.fsync(descriptor)
        self._sync_folder()

    def _append(self, name: str, value: Mapping[str, Any]) -> None:
        with _opened(self.folder / name, CREATED | os.O_APPEND) as descriptor:
            os.write(descriptor, json.dumps(value, ensure_ascii=False).encode() + b"\n")
            os.fsync(descriptor)
        self._sync_folder()

    def _sync_folder(self) -> None:
        with _opened(self.folder, os.O_RDONLY) as descriptor:
            os.fsync(descriptor)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """Open a file for its owner alone, until the end of the context."""
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_history(folder: Path) -> History:
    """Return what an undo folder holds. Raises OSError, ValueError if there is none or it cannot be read."""
    lines = list(_lines(folder / CHANGES))
    runs = [line for line in lines if "run" in line]
    if not runs:
        raise ValueError(f"{folder / CHANGES} holds no run of setup")
    written = tuple(
        Written(
            Subject(line["subject"]),
            Record.from_json(line["record"]),
            Record.from_json(line["inverse"]) if line["inverse"] else None,
            line["page_filter"],
        )
        for line in lines
        if "subject" in line
    )
    people = _lines(folder / PEOPLE) if (folder / PEOPLE).exists() else ()
    last = runs[-1]
    return History(
        written, last["database_dn"], last["suffix"], last["services_base"],
        tuple(dict.fromkeys(dn for run in runs for dn in run["accounts"])),
        tuple(dict.fromkeys(dn for page in people for dn in page["people"])),
        tuple(rule for line in lines for rule in line.get("narrowed", ())),
    )  # fmt: skip


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file; a last line that was cut off, by a crash while it was written, is left out."""
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def _copy(entry: Entry) -> str:
    values = tuple((name, held) for name, held in entry.by_description.items() if name not in SECRET)
    hidden = tuple((name, tuple(CREDENTIALS.sub("credentials=…", value) for value in held)) for name, held in values)
    return Record("add", entry.dn, hidden).to_ldif()
