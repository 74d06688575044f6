"""`mamia people import FILE.csv`: entries of staff from the staff office's export, created and brought up to date.

Running it again does what is left to do: people are known by their numbers, and an entry that is as the file says is
left alone. A row that can't be used, or that may be about somebody who has an entry under another number, is reported
with its line and reason, and nothing of it is written.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ldap3.core.exceptions import LDAPException
from tqdm import tqdm

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.account.staff_file import NEEDED, NUMBERS, OPTIONAL, StaffRow, read_row
from gateway.cli.import_report import Step, Tally, count, difference, report, report_long_logins, report_shared_logins
from gateway.cli.own_account import add_own_account, as_operator
from gateway.cli.staff_csv import FileFault, read_rows
from gateway.cli.terminal import printable
from gateway.directory.failover import LdapServers
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.directory.retry import Retry
from gateway.directory.staff import Staff, StaffEntries
from gateway.directory.staff_index import StaffIndex
from gateway.directory.staff_plan import Doubt, StaffPlanner, Update
from gateway.settings import Directory, People, Settings
from gateway.settings.file import load

FAILED, USAGE_ERROR = 1, 2
AT_ONCE = 4
"""Connections: slapd spends its time on hashing initial passwords."""
MOST_LEAVERS_PERCENT = 10


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
        "--create-namesakes", action="store_true",
        help="create people who have the name and birth date of somebody with another number, instead of "
        "reporting a doubt",
    )  # fmt: skip
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
    """Exit code 1 when a row had a fault, was a doubt or could not be written, 2 when the file can't be read."""
    settings = load(arguments.config)
    try:
        lines = list(read_rows(arguments.file))
    except FileFault as error:
        print(f"mamia people import: {arguments.file}: {error}; nothing was written", file=sys.stderr)
        return USAGE_ERROR
    directory, tally = as_operator(settings.directory, arguments), Tally()
    rows = _read(lines, tally)
    retry = Retry(_say_outage)
    with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
        entries = StaffEntries(pool, settings.people, retry)
        try:
            staff = entries.read()
            planned = _plan(rows, staff, settings, arguments, tally)
            if planned is None:
                return FAILED
            steps = retry.run(lambda: _without_protected(planned, pool, settings.people, tally))
        except (DirectoryUnavailable, LDAPException, OSError) as error:
            print(f"mamia people import: {error}; nothing was written", file=sys.stderr)
            return FAILED
        if arguments.dry_run:
            for _, step in steps:
                print(difference(step, settings.people))
                count(tally, step)
        else:
            _write_all(directory, entries, steps, tally)
    report(tally, is_dry_run=arguments.dry_run)
    return 0 if tally.is_whole else FAILED


def _say_outage(error: DirectoryUnavailable) -> None:
    print(f"mamia people import: {error}; waiting until the directory is back", file=sys.stderr)


def _read(lines: Sequence[tuple[int, dict[str, str]]], tally: Tally) -> list[tuple[int, StaffRow]]:
    today, rows = datetime.now(UTC).date(), []
    for line, values in lines:
        try:
            rows.append((line, read_row(values, today)))
        except ValueError as error:
            tally.faults.append(f"line {line}: {error}")
    return rows


def _plan(
    rows: Sequence[tuple[int, StaffRow]],
    staff: Staff,
    settings: Settings,
    arguments: argparse.Namespace,
    tally: Tally,
) -> list[tuple[str, Step]] | None:
    """Each step with where it comes from; None where nothing may be written at all."""
    index = StaffIndex(settings.people)
    index.add_people(staff.people)
    report_shared_logins(index.shared_logins)
    index.add_others(staff.others)
    in_file = {number for _, row in rows for number in row.numbers.values() if number}
    planner = StaffPlanner(index, settings.academy.mail_domain, in_file, arguments.create_namesakes)
    steps = _plan_rows(rows, planner, tally)
    report_long_logins(settings, [(place, step.login) for place, step in steps])
    if arguments.mark_leavers and not _add_leavers(arguments, planner, staff, tally, steps):
        return None
    return steps


def _plan_rows(rows: Sequence[tuple[int, StaffRow]], planner: StaffPlanner, tally: Tally) -> list[tuple[str, Step]]:
    steps: list[tuple[str, Step]] = []
    for line, row in rows:
        place = f"line {line}"
        try:
            step = planner.plan(row)
        except ValueError as error:
            tally.faults.append(f"{place}: {error}")
            continue
        if step is None:
            tally.same += 1
        elif isinstance(step, Doubt):
            tally.doubts.append(f"{place}: {step.reason}")
        else:
            steps.append((place, step))
    return steps


def _add_leavers(
    arguments: argparse.Namespace,
    planner: StaffPlanner,
    staff: Staff,
    tally: Tally,
    steps: list[tuple[str, Step]],
) -> bool:
    """A row with a fault or a doubt may be somebody who has not left: then nobody is marked."""
    leavers, present = planner.leavers(staff.people), len(staff.people)
    if not tally.is_whole:
        print("nobody was marked as a leaver: rows with faults or doubts may be theirs", file=sys.stderr)
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
    steps: Sequence[tuple[str, Step]], pool: ConnectionPool, people: People, tally: Tally
) -> list[tuple[str, Step]]:
    """Entries of protected people are named and not written. Raises DirectoryUnavailable, DirectoryMisconfigured."""
    protected = ProtectedPeople(pool, people)
    protected.verify()
    named = [
        (place, step)
        for place, step in steps
        if isinstance(step, Update) and protected.includes(step.dn, step.logins)
    ]
    tally.protected = len(named)
    for place, step in named:
        attributes = ", ".join(step.values)
        text = f"{place}: {step.login}: protected and left as it is, though the file differs: {attributes}"
        print(printable(text))
    left_alone = {step.dn for _, step in named}
    return [(place, step) for place, step in steps if step.dn not in left_alone]


def _write_all(directory: Directory, entries: StaffEntries, steps: Sequence[tuple[str, Step]], tally: Tally) -> None:
    lock = threading.Lock()

    def write(place: str, step: Step) -> None:
        try:
            entries.write(step)
        except (DirectoryMisconfigured, LDAPException, OSError) as error:
            with lock:
                tally.faults.append(f"{place}: {step.login}: not written: {error}")
        except DirectoryUnavailable:
            with lock:
                tally.unwritten += 1
        else:
            with lock:
                count(tally, step)

    workers = min(AT_ONCE, directory.pool_size)
    with ThreadPoolExecutor(workers) as crowd, tqdm(total=len(steps), unit=" people", disable=None) as bar:
        for _ in crowd.map(lambda pair: write(*pair), steps):
            bar.update()
