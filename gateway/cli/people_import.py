"""`mamia people import FILE.csv`: entries of staff from the staff office's export, created and brought up to date.

Running it again does what is left to do: people are known by their numbers, and an entry that is as the file says is
left alone. A row that can't be used is told with its line and reason, and nothing of it is written.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException
from tqdm import tqdm

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.account.staff_file import NEEDED, NUMBERS, OPTIONAL, StaffRow, read_row
from gateway.cli.own_account import add_own_account, as_operator
from gateway.directory.connection import connect
from gateway.directory.failover import LdapServers
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.directory.staff import Creation, StaffPlanner, Update, everybody, write
from gateway.settings import Directory, People
from gateway.settings.file import load

FAILED, USAGE_ERROR = 1, 2
AT_ONCE = 4
"""Connections: slapd spends its time on hashing initial passwords."""
MOST_LEAVERS_PERCENT = 10
HIDDEN = ("numen", "temporaryAgentNumber", "birthDate")
"""Not shown: a terminal has a memory."""
COLUMNS = (*NEEDED, *NUMBERS, *OPTIONAL)


class FileFault(Exception):
    """The file can't be read at all; the text says why."""


@dataclass(slots=True)
class Tally:
    created: int = 0
    updated: int = 0
    same: int = 0
    left: int = 0
    protected: int = 0
    """Entries that were left as they are."""
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.created} created, {self.updated} updated, {self.same} as they were, {self.left} marked as "
            f"leavers, {self.protected} protected and left alone, {len(self.faults)} rows with faults"
        )


MAX_HEAD_CHARS = 4096
"""Of the first line, by which the separator is guessed."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "import",
        help="create and update entries from a CSV export",
        description=f"Columns, in any order: {', '.join(NEEDED)}, one of {' or '.join(NUMBERS)}; also "
        f"{', '.join(OPTIONAL)}. Comma, semicolon or tab; UTF-8 or Windows-1252.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    add_own_account(parser, required=True, why="which may write people's entries")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")
    parser.add_argument(
        "--mark-leavers", action="store_true", help="mark people who are not in the file, and close their accounts"
    )
    parser.add_argument(
        "--most-leavers", type=int, default=MOST_LEAVERS_PERCENT, metavar="PERCENT",
        help="mark nobody where more would be marked: the file may be half of one (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--config", type=Path, help="settings file (default: $MAMIA_CONFIG, else ./mamia.toml)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit code 1 when a row had a fault or could not be written, 2 when the file can't be read."""
    settings = load(arguments.config)
    try:
        rows = list(_rows(arguments.file))
    except FileFault as error:
        print(f"mamia people import: {arguments.file}: {error}; nothing was written", file=sys.stderr)
        return USAGE_ERROR
    directory = as_operator(settings.directory, arguments)
    try:
        connection = connect(directory.servers[0], directory, as_service=True)
        present = list(everybody(connection, settings.people))
        connection.unbind()
    except (DirectoryUnavailable, DirectoryMisconfigured, LDAPException, OSError) as error:
        print(f"mamia people import: {error}; nothing was written", file=sys.stderr)
        return FAILED
    planner, tally = StaffPlanner(settings.people, settings.academy.mail_domain, present), Tally()
    steps = _plan(rows, planner, tally)
    if arguments.mark_leavers and not _add_leavers(arguments, planner, len(present), tally, steps):
        return FAILED
    try:
        steps = _without_protected(steps, directory, settings.people, tally)
    except DirectoryUnavailable as error:
        print(f"mamia people import: {error}; nothing was written", file=sys.stderr)
        return FAILED
    if arguments.dry_run:
        for _, step in steps:
            print(_difference(step))
            _count(tally, step)
    else:
        _write_all(directory, steps, tally)
    for fault in tally.faults:
        print(fault, file=sys.stderr)
    print(("would be: " if arguments.dry_run else "") + str(tally))
    return FAILED if tally.faults else 0


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its line in the file. Raises FileFault."""
    text = _text(file)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:MAX_HEAD_CHARS].partition("\n")[0], delimiters=",;\t")
    except csv.Error:
        raise FileFault(f"its first line must name the columns: {', '.join(COLUMNS)}") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), dialect=dialect, strict=True)
    try:
        names = [(name or "").strip().casefold() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise FileFault(f"line 1: {error}") from None
    missing = [name for name in NEEDED if name not in names]
    if not set(NUMBERS) & set(names):
        missing.append(" or ".join(NUMBERS))
    if missing:
        raise FileFault(f"its first line does not name {', '.join(missing)}; columns are {', '.join(COLUMNS)}")
    reader.fieldnames = names
    try:
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if isinstance(value, str)}
    except csv.Error as error:
        raise FileFault(f"line {reader.line_num}: {error}") from None


def _text(file: Path) -> str:
    """Raises FileFault."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise FileFault(error.strerror or str(error)) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _plan(
    rows: list[tuple[int, dict[str, str]]], planner: StaffPlanner, tally: Tally
) -> list[tuple[str, Creation | Update]]:
    today, steps = datetime.now(UTC).date(), []
    for line, values in rows:
        try:
            row: StaffRow = read_row(values, today)
            step = planner.plan(row)
        except ValueError as error:
            tally.faults.append(f"line {line}: {error}")
            continue
        if step is None:
            tally.same += 1
        else:
            steps.append((f"line {line}", step))
    return steps


def _add_leavers(
    arguments: argparse.Namespace,
    planner: StaffPlanner,
    present: int,
    tally: Tally,
    steps: list[tuple[str, Creation | Update]],
) -> bool:
    """A row with a fault may be somebody who has not left: then nobody is marked."""
    leavers = planner.leavers()
    if tally.faults:
        print("nobody was marked as a leaver: rows with faults may be theirs", file=sys.stderr)
        return True
    if len(leavers) * 100 > arguments.most_leavers * max(present, 1):
        print(
            f"mamia people import: {len(leavers)} of {present} people would be marked as leavers, more than "
            f"{arguments.most_leavers} %: is the file whole? --most-leavers raises that; nothing was written",
            file=sys.stderr,
        )
        return False
    steps += [("leaver", leaver) for leaver in leavers]
    return True


def _without_protected(
    steps: list[tuple[str, Creation | Update]], directory: Directory, people: People, tally: Tally
) -> list[tuple[str, Creation | Update]]:
    """Entries of protected people are named and not written. Raises DirectoryUnavailable, DirectoryMisconfigured."""
    with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
        protected, kept = ProtectedPeople(pool, people), []
        protected.verify()
        for place, step in steps:
            if isinstance(step, Update) and protected.includes(step.dn, [step.login]):
                tally.protected += 1
                attributes = ", ".join(step.values)
                print(f"{place}: {step.login}: protected and left as it is, though the file differs: {attributes}")
            else:
                kept.append((place, step))
    return kept


def _write_all(directory: Directory, steps: list[tuple[str, Creation | Update]], tally: Tally) -> None:
    lines, lock = threading.local(), threading.Lock()
    opened: list[Connection] = []

    def one(place: str, step: Creation | Update) -> None:
        try:
            if not hasattr(lines, "connection"):
                lines.connection = connect(directory.servers[0], directory, as_service=True)
                opened.append(lines.connection)
            write(lines.connection, step)
        except (DirectoryUnavailable, DirectoryMisconfigured, LDAPException, OSError) as error:
            with lock:
                tally.faults.append(f"{place}: {step.login}: not written: {error}")
        else:
            with lock:
                _count(tally, step)

    with ThreadPoolExecutor(AT_ONCE) as crowd, tqdm(total=len(steps), unit=" people", disable=None) as bar:
        for _ in crowd.map(lambda pair: one(*pair), steps):
            bar.update()
    for connection in opened:
        with suppress(LDAPException, OSError):
            connection.unbind()


def _count(tally: Tally, step: Creation | Update) -> None:
    if isinstance(step, Creation):
        tally.created += 1
    elif step.values.get("employeeType"):
        tally.left += 1
    else:
        tally.updated += 1


def _difference(step: Creation | Update) -> str:
    if isinstance(step, Creation):
        return f"+ {step.login}: {step.values['cn'][0]}, {step.values['mail'][0]}"
    changes = "; ".join(
        f"{name}: {_shown(name, step.old.get(name, ()))} -> {_shown(name, values)}"
        for name, values in step.values.items()
    )
    return f"~ {step.login}: {changes}"


def _shown(name: str, values: object) -> str:
    held = list(values) if isinstance(values, tuple | list) else []
    if name in HIDDEN:
        return "•••" if held else "nothing"
    return ", ".join(map(str, held)) or "nothing"
